with orders as (
  select * from {{ ref('stg_ecommerce__orders') }}
),

customers as (
  select * from {{ ref('stg_ecommerce__customers') }}
),

order_items as (
  select
    order_id,
    count(*) as items,
    sum(gmv) as gmv
  from {{ ref('fct_order_items') }}
  group by order_id
),

payments as (
  select
    order_id,
    sum(payment_value) as payment_value
  from {{ ref('fct_payments') }}
  group by order_id
),

joined as (
  select
    orders.order_id,
    orders.customer_id,
    customers.customer_unique_id,
    orders.order_status,
    cast(orders.ordered_at as date) as order_date,
    orders.ordered_at,
    orders.approved_at,
    orders.handed_to_carrier_at,
    orders.delivered_at,
    cast(orders.estimated_delivery_at as date) as estimated_delivery_date,
    cast(
      {{ datediff('orders.ordered_at', 'orders.approved_at', 'second') }} / 3600.0 as numeric(12, 2)
    ) as approval_hours,
    cast(
      {{ datediff('orders.ordered_at', 'orders.delivered_at', 'second') }} / 86400.0 as numeric(12, 2)
    ) as delivery_days,
    -- the promise is a day: a parcel that comes on that day, at whatever hour, is on time
    {{ datediff('orders.estimated_delivery_at', 'orders.delivered_at', 'day') }} as days_late,
    cast(orders.delivered_at as date) > cast(orders.estimated_delivery_at as date) as is_late,
    coalesce(order_items.items, 0) as items,
    cast(coalesce(order_items.gmv, 0) as numeric(14, 2)) as gmv,
    cast(coalesce(payments.payment_value, 0) as numeric(14, 2)) as payment_value
  from orders
  left join customers on orders.customer_id = customers.customer_id
  left join order_items on orders.order_id = order_items.order_id
  left join payments on orders.order_id = payments.order_id
)

select * from joined
