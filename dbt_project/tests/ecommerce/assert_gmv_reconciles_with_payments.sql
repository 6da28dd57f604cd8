-- What customers paid for orders with items is what the items cost. Instalment interest and rounding differ on a few
-- orders (0.04 % of a real sample), so 0.1 % is allowed, or 250 BRL where that is more, as on little data one order is.
with gmv as (
  select sum(gmv) as total from {{ ref('fct_order_items') }}
),

payments as (
  select sum(payments.payment_value) as total
  from {{ ref('fct_payments') }} as payments
  where payments.order_id in (select items.order_id from {{ ref('fct_order_items') }} as items)
),

compared as (
  select
    coalesce(gmv.total, 0) as gmv,
    coalesce(payments.total, 0) as payments,
    coalesce(payments.total, 0) - coalesce(gmv.total, 0) as difference
  from gmv
  cross join payments
)

select *
from compared
where abs(difference) > greatest(0.001 * gmv, 250)
