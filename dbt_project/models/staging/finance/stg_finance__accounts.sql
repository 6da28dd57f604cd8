with source as (
  select * from {{ source('data_lake_silver', 'accounts') }}
),

renamed as (
  select
    -- ids
    account_id,
    household_id,

    -- texts
    owner,
    account_name,
    account_type,
    currency,
    change_seq,

    -- numerics
    cast(balance as numeric(12, 2)) as balance,

    -- dates
    cast(balance_date as date) as balance_date,

    -- timestamps
    extracted_at
  from source
)

select * from renamed
