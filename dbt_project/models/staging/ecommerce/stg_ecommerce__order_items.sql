with source as (
  select * from {{ source('data_lake_silver', 'order_items') }}
),

renamed as (
  select
    -- ids
    order_id,
    cast(order_item_id as integer) as order_item_id,
    product_id,
    seller_id,

    -- numerics
    cast(price as numeric(12, 2)) as price,
    cast(freight_value as numeric(12, 2)) as freight_value,

    -- timestamps
    cast(shipping_limit_date as timestamp) as shipping_limit_at
  from source
)

select * from renamed
