-- payments and reviews come down to one row per order before they meet the items, so no item is repeated
with payment_types as (
  select
    order_id,
    payment_type,
    max(payment_installments) as payment_installments,
    sum(payment_value) as payment_value,
    row_number() over (partition by order_id order by sum(payment_value) desc, payment_type asc) as rank_in_order
  from {{ ref('fct_payments') }}
  group by order_id, payment_type
),

payments as (
  select
    order_id,
    max(case when rank_in_order = 1 then payment_type end) as main_payment_type,
    max(payment_installments) as payment_installments,
    sum(payment_value) as payment_value
  from payment_types
  group by order_id
),

reviews as (
  select
    order_id,
    count(*) as reviews,
    cast(avg(cast(review_score as numeric(5, 2))) as numeric(5, 2)) as review_score
  from {{ ref('fct_reviews') }}
  group by order_id
),

-- an order's payment is spread over its items by their gmv, to the cent ...
order_items as (
  select
    order_items.*,
    coalesce(payments.payment_value, 0) as order_payment_value,
    payments.main_payment_type,
    payments.payment_installments,
    coalesce(
      round(
        payments.payment_value * order_items.gmv
        / nullif(sum(order_items.gmv) over (partition by order_items.order_id), 0),
        2
      ),
      0
    ) as payment_share,
    row_number() over (
      partition by order_items.order_id
      order by order_items.order_item_id
    ) as item_rank
  from {{ ref('fct_order_items') }} as order_items
  left join payments on order_items.order_id = payments.order_id
),

-- ... and what rounding leaves goes to the first, so that the items' payments add up to the order's
items_with_payment as (
  select
    *,
    cast(
      payment_share + case
        when item_rank = 1
          then order_payment_value - sum(payment_share) over (partition by order_id)
        else 0
      end as numeric(12, 2)
    ) as payment_value
  from order_items
),

orders as (
  select * from {{ ref('fct_orders') }}
),

customers as (
  select * from {{ ref('dim_customers') }}
),

products as (
  select * from {{ ref('dim_products') }}
),

sellers as (
  select * from {{ ref('dim_sellers') }}
),

joined as (
  select
    items.order_id,
    items.order_item_id,

    -- order
    items.order_date,
    orders.order_status,
    orders.ordered_at,
    orders.delivered_at,
    orders.estimated_delivery_date,
    orders.delivery_days,
    orders.days_late,
    orders.is_late,

    -- customer
    items.customer_unique_id,
    customers.city as customer_city,
    customers.state as customer_state,

    -- seller
    items.seller_id,
    sellers.city as seller_city,
    sellers.state as seller_state,

    -- product
    items.product_id,
    coalesce(products.category, 'unknown') as category,

    -- money
    items.price,
    items.freight_value,
    items.gmv,
    items.payment_value,
    items.main_payment_type,
    items.payment_installments,

    -- reviews
    coalesce(reviews.reviews, 0) as reviews,
    reviews.review_score
  from items_with_payment as items
  left join orders on items.order_id = orders.order_id
  left join customers on items.customer_unique_id = customers.customer_unique_id
  left join sellers on items.seller_id = sellers.seller_id
  left join products on items.product_id = products.product_id
  left join reviews on items.order_id = reviews.order_id
)

select * from joined
