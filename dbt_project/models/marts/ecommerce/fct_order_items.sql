with order_items as (
  select * from {{ ref('stg_ecommerce__order_items') }}
),

orders as (
  select * from {{ ref('stg_ecommerce__orders') }}
),

customers as (
  select * from {{ ref('stg_ecommerce__customers') }}
),

-- left joins: an item whose order is in quarantine or not here yet is still an item
joined as (
  select
    order_items.order_id,
    order_items.order_item_id,
    order_items.product_id,
    order_items.seller_id,
    customers.customer_unique_id,
    cast(orders.ordered_at as date) as order_date,
    order_items.shipping_limit_at,
    order_items.price,
    order_items.freight_value,
    cast(order_items.price + order_items.freight_value as numeric(12, 2)) as gmv
  from order_items
  left join orders on order_items.order_id = orders.order_id
  left join customers on orders.customer_id = customers.customer_id
)

select * from joined
