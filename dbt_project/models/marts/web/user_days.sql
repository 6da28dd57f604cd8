with messages as (
  select * from {{ ref('int_web__messages') }}
  where user_id is not null
),

news as (
  select * from messages
  {% if is_incremental() %}
    where occurred_on in ({{ changed_days() }})
  {% endif %}
),

days as (
  select
    user_id,
    cast(occurred_on as date) as activity_date,
    count(*) as events,
    min(occurred_at) as first_seen_at,
    cast(sum(received_second) as bigint) as received_seconds
  from news
  group by user_id, occurred_on
)

select * from days
