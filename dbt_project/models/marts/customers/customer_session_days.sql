{% set types = ['home', 'department', 'product', 'cart', 'purchase', 'cancel'] %}
{% set steps = ['home', 'department', 'product', 'cart', 'purchase'] %}

with events as (
  select * from {{ ref('stg_customers__events') }}
  {% if is_incremental() %}
    where event_date in ({{ changed_batches() }})
  {% endif %}
),

-- of the same moment, the number in the session says which was first
placed as (
  select
    *,
    row_number() over (partition by session_id, event_date order by created_at, sequence_number) as place
  from events
),

firsts as (
  select
    *,
    {% for step in steps[:-1] %}
      min(case when event_type = '{{ step }}' then place end) over (
        partition by session_id, event_date
      ) as {{ step }}_place{% if not loop.last %},{% endif %}
    {% endfor %}
  from placed
),

days as (
  select
    session_id,
    cast(event_date as date) as activity_date,
    max(batch) as batch,
    max(case when place = 1 then user_id end) as user_id,
    max(case when place = 1 and is_synthetic then 1 else 0 end) = 1 as is_synthetic,
    max(case when place = 1 then traffic_source end) as traffic_source,
    max(case when place = 1 then browser end) as browser,
    max(case when place = 1 then city end) as city,
    max(case when place = 1 then state end) as state,
    min(sequence_number) as first_sequence_number,
    count(*) as events,
    {% for type in types %}
      sum(case when event_type = '{{ type }}' then 1 else 0 end) as {{ type }}_events,
    {% endfor %}
    min(created_at) as started_at,
    max(created_at) as ended_at,
    {% for step in steps %}
      min(case when event_type = '{{ step }}' then created_at end) as first_{{ step }}_at,
    {% endfor %}
    {% for step in steps[1:] %}
      min(
        case when event_type = '{{ step }}' and place > {{ steps[loop.index0] }}_place then created_at end
      ) as {{ step }}_after_{{ steps[loop.index0] }}_at,
    {% endfor %}
    max(case when event_type = 'purchase' then created_at end) as last_purchase_at
  from firsts
  group by session_id, event_date
)

select * from days
