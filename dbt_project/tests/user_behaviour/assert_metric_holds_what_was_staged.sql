-- What the metric says was spent is what was staged of the customers who are in it.
with metric as (
  select
    insert_date,
    sum(amount_spent) as amount_spent
  from {{ ref('user_behavior_metric') }}
  group by insert_date
),

staged as (
  select
    purchases.insert_date,
    sum(purchases.quantity * purchases.unit_price) as amount_spent
  from {{ ref('user_purchase_staging') }} as purchases
  where
    exists (
      select 1 from {{ ref('stg_user_behaviour__movie_review') }} as reviews
      where
        reviews.customer_id = purchases.customer_id
        and cast(reviews.insert_date as date) = purchases.insert_date
    )
  group by purchases.insert_date
)

select
  coalesce(metric.insert_date, staged.insert_date) as insert_date,
  metric.amount_spent as in_metric,
  staged.amount_spent as in_stage
from metric
full outer join staged on metric.insert_date = staged.insert_date
where
  metric.amount_spent is null
  or staged.amount_spent is null
  or metric.amount_spent <> staged.amount_spent
