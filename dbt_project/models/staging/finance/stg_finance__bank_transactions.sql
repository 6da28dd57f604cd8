with source as (
  select * from {{ source('data_lake_silver', 'bank_transactions') }}
),

renamed as (
  select
    -- ids
    transaction_id,
    account_id,
    counterparty_account as counterparty_account_id,

    -- texts
    booking_type,
    counterparty,
    purpose,
    category,
    currency,

    -- numerics
    cast(amount as numeric(12, 2)) as amount,

    -- dates
    cast(booked_on as date) as booked_on,
    cast(valued_on as date) as valued_on
  from source
)

select * from renamed
