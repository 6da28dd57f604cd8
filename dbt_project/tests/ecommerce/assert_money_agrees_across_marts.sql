-- Every mart that carries money carries the same, to the cent. What has no order or customer in silver yet has no
-- date or customer_unique_id, and so no place in the marts by order, day or customer.
with sums as (
  select
    'orders_obt.gmv' as measure,
    (select sum(gmv) from {{ ref('fct_order_items') }}) as expected,
    (select sum(gmv) from {{ ref('orders_obt') }}) as actual
  union all
  select
    'orders_obt.payment_value' as measure,
    (
      select sum(payments.payment_value)
      from {{ ref('fct_payments') }} as payments
      where payments.order_id in (select items.order_id from {{ ref('fct_order_items') }} as items)
    ) as expected,
    (select sum(payment_value) from {{ ref('orders_obt') }}) as actual
  union all
  select
    'gmv_daily.gmv' as measure,
    (select sum(case when order_date is not null then gmv end) from {{ ref('fct_order_items') }}) as expected,
    (select sum(gmv) from {{ ref('gmv_daily') }}) as actual
  union all
  select
    'gmv_daily.items' as measure,
    (select count(order_date) from {{ ref('fct_order_items') }}) as expected,
    (select sum(items) from {{ ref('gmv_daily') }}) as actual
  union all
  select
    'fct_orders.gmv' as measure,
    (select sum(case when order_date is not null then gmv end) from {{ ref('fct_order_items') }}) as expected,
    (select sum(gmv) from {{ ref('fct_orders') }}) as actual
  union all
  select
    'fct_orders.payment_value' as measure,
    (
      select sum(case when order_date is not null then payment_value end) from {{ ref('fct_payments') }}
    ) as expected,
    (select sum(payment_value) from {{ ref('fct_orders') }}) as actual
  union all
  select
    'customer_segments.monetary' as measure,
    (
      select sum(case when customer_unique_id is not null then gmv end) from {{ ref('fct_orders') }}
    ) as expected,
    (select sum(monetary) from {{ ref('customer_segments') }}) as actual
)

select *
from sums
where coalesce(expected, 0) <> coalesce(actual, 0)
