with customers as (
  select
    customer_unique_id,
    max(order_date) as last_order_date,
    count(*) as frequency,
    sum(gmv) as monetary
  from {{ ref('fct_orders') }}
  where customer_unique_id is not null
  group by customer_unique_id
),

-- "today" is the latest order in the data, so that the same data always gives the same segments
rfm as (
  select
    customer_unique_id,
    last_order_date,
    {{ datediff('last_order_date', 'max(last_order_date) over ()', 'day') }} as recency_days,
    frequency,
    monetary
  from customers
),

-- fifths by rank, not ntile: customers with the same value get the same score
scores as (
  select
    *,
    1 + (rank() over (order by last_order_date) - 1) * 5 / count(*) over () as recency_score,
    1 + (rank() over (order by frequency) - 1) * 5 / count(*) over () as frequency_score,
    1 + (rank() over (order by monetary) - 1) * 5 / count(*) over () as monetary_score
  from rfm
),

segments as (
  select
    customer_unique_id,
    last_order_date,
    recency_days,
    frequency,
    cast(monetary as numeric(14, 2)) as monetary,
    recency_score,
    frequency_score,
    monetary_score,
    {{ rfm_segment('monetary_score') }} as segment
  from scores
)

select * from segments
