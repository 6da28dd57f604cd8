with source as (
  select * from {{ source('data_lake_silver', 'orders') }}
),

renamed as (
  select
    -- ids
    order_id,
    customer_id,

    -- texts
    order_status,

    -- timestamps
    cast(order_purchase_timestamp as timestamp) as ordered_at,
    cast(order_approved_at as timestamp) as approved_at,
    cast(order_delivered_carrier_date as timestamp) as handed_to_carrier_at,
    cast(order_delivered_customer_date as timestamp) as delivered_at,
    cast(order_estimated_delivery_date as date) as estimated_delivery_date
  from source
)

select * from renamed
