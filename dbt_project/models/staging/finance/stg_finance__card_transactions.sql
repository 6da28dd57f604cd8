with source as (
  select * from {{ source('data_lake_silver', 'card_transactions') }}
),

renamed as (
  select
    -- ids
    transaction_id,
    account_id,

    -- texts
    transaction_type,
    status,
    merchant,
    category,
    currency,

    -- numerics
    cast(amount as numeric(12, 2)) as amount,

    -- dates
    cast(purchased_on as date) as purchased_on
  from source
)

select * from renamed
