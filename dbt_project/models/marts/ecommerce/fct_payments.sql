with payments as (
  select * from {{ ref('stg_ecommerce__order_payments') }}
),

orders as (
  select * from {{ ref('stg_ecommerce__orders') }}
),

joined as (
  select
    payments.order_id,
    payments.payment_sequential,
    cast(orders.ordered_at as date) as order_date,
    payments.payment_type,
    payments.payment_installments,
    payments.payment_value
  from payments
  left join orders on payments.order_id = orders.order_id
)

select * from joined
