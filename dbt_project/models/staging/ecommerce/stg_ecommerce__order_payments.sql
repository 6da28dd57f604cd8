with source as (
  select * from {{ source('data_lake_silver', 'order_payments') }}
),

renamed as (
  select
    -- ids
    order_id,
    cast(payment_sequential as integer) as payment_sequential,

    -- texts
    payment_type,

    -- numerics
    cast(payment_installments as integer) as payment_installments,
    cast(payment_value as numeric(12, 2)) as payment_value
  from source
)

select * from renamed
