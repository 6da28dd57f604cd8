-- each side is brought to the grain before they meet: a purchase counts once, however many reviews its customer wrote
with purchases as (
  select
    customer_id,
    insert_date,
    sum(quantity * unit_price) as amount_spent
  from {{ ref('user_purchase_staging') }}
  where
    customer_id is not null
    {% if var('day', none) %}
      and insert_date = cast('{{ var("day") }}' as date)
    {% endif %}
  group by customer_id, insert_date
),

reviews as (
  select
    customer_id,
    cast(insert_date as date) as insert_date,
    sum(case when is_positive then 1 else 0 end) as review_score,
    count(*) as review_count
  from {{ ref('stg_user_behaviour__movie_review') }}
  {% if var('day', none) %}
    where insert_date = '{{ var("day") }}'
  {% endif %}
  group by customer_id, insert_date
),

metric as (
  select
    purchases.customer_id as customerid,
    cast(purchases.amount_spent as numeric(18, 5)) as amount_spent,
    cast(reviews.review_score as integer) as review_score,
    cast(reviews.review_count as integer) as review_count,
    purchases.insert_date
  from purchases
  inner join reviews
    on
      purchases.customer_id = reviews.customer_id
      and purchases.insert_date = reviews.insert_date
)

select * from metric
