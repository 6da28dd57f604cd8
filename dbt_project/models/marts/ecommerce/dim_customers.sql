with customers as (
  select * from {{ ref('stg_ecommerce__customers') }}
),

orders as (
  select * from {{ ref('stg_ecommerce__orders') }}
),

locations as (
  select * from {{ ref('dim_locations') }}
),

customer_orders as (
  select
    customers.customer_unique_id,
    customers.zip_code_prefix,
    customers.city,
    customers.state,
    min(orders.ordered_at) over (partition by customers.customer_unique_id) as first_ordered_at,
    max(orders.ordered_at) over (partition by customers.customer_unique_id) as last_ordered_at,
    count(orders.order_id) over (partition by customers.customer_unique_id) as orders,
    row_number() over (
      partition by customers.customer_unique_id
      order by orders.ordered_at desc nulls last, customers.customer_id asc
    ) as recency
  from customers
  left join orders on customers.customer_id = orders.customer_id
),

-- the address of the latest order is where the customer lives now
joined as (
  select
    customer_orders.customer_unique_id,
    customer_orders.zip_code_prefix,
    customer_orders.city,
    customer_orders.state,
    locations.latitude,
    locations.longitude,
    customer_orders.first_ordered_at,
    customer_orders.last_ordered_at,
    customer_orders.orders
  from customer_orders
  left join locations on customer_orders.zip_code_prefix = locations.zip_code_prefix
  where customer_orders.recency = 1
)

select * from joined
