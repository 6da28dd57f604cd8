with customers as (
  select
    user_id,
    cast(max(last_purchase_at) as date) as last_purchase_date,
    cast(sum(purchase_events) as bigint) as frequency,
    cast(sum(cart_events) as bigint) as items_bought
  from {{ ref('customer_sessions') }}
  where is_purchase and not is_synthetic
  group by user_id
),

-- "today" is the latest day with an event of anybody, so that the same data always gives the same segments
today as (
  select cast(max(ended_at) as date) as latest_date
  from {{ ref('customer_sessions') }}
),

rfm as (
  select
    customers.user_id,
    customers.last_purchase_date,
    {{ datediff('customers.last_purchase_date', 'today.latest_date', 'day') }} as recency_days,
    customers.frequency,
    customers.items_bought
  from customers
  cross join today
),

-- fifths by rank, not ntile: customers with the same value get the same score
scores as (
  select
    *,
    1 + (rank() over (order by last_purchase_date) - 1) * 5 / count(*) over () as recency_score,
    1 + (rank() over (order by frequency) - 1) * 5 / count(*) over () as frequency_score,
    1 + (rank() over (order by items_bought) - 1) * 5 / count(*) over () as items_score
  from rfm
),

segments as (
  select
    user_id,
    last_purchase_date,
    recency_days,
    frequency,
    items_bought,
    recency_score,
    frequency_score,
    items_score,
    {{ rfm_segment('items_score') }} as segment
  from scores
)

select * from segments
