-- What customers paid for an order is what its items and their freight cost; compared by order, as errors of two
-- orders may cancel. Interest on instalments makes 0.3 % of real orders differ, by 3 to 24 % of their value, which is
-- 0.04 % of all payments. Allowed are 1 % of the orders and 2 more, and 0.1 % of the GMV and the value of an average
-- order more: a shop of a few orders has one that differs, too.
with items as (
  select
    order_id,
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

-- an order without payments differs by all of its value
differences as (
  select
    items.order_id,
    items.gmv,
    abs(coalesce(payments.payment_value, 0) - items.gmv) as difference
  from items
  left join payments on items.order_id = payments.order_id
),

figures as (
  select
    count(*) as orders,
    sum(gmv) as gmv,
    sum(case when difference > greatest(0.01, 0.005 * gmv) then 1 else 0 end) as differing_orders,
    sum(case when difference > greatest(0.01, 0.005 * gmv) then difference else 0 end) as difference
  from differences
)

select *
from figures
where
  differing_orders > 0.01 * orders + 2
  or difference > 0.001 * gmv + gmv / nullif(orders, 0)
