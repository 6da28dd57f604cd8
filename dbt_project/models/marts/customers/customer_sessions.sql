{% set types = ['home', 'department', 'product', 'cart', 'purchase', 'cancel'] %}
{% set steps = ['home', 'department', 'product', 'cart', 'purchase'] %}

-- the first day says what the session is like; whose it is the first day with a known user, if there is one
with ranked as (
  select
    *,
    row_number() over (partition by session_id order by activity_date) as day_number,
    row_number() over (
      partition by session_id
      order by case when is_synthetic then 1 else 0 end, activity_date
    ) as user_rank,
    {% for step in steps[:-1] %}
      min(case when {{ step }}_events > 0 then activity_date end) over (
        partition by session_id
      ) as {{ step }}_date{% if not loop.last %},{% endif %}
    {% endfor %}
  from {{ ref('customer_session_days') }}
),

joined as (
  select
    session_id,
    max(case when user_rank = 1 then user_id end) as user_id,
    max(case when user_rank = 1 and is_synthetic then 1 else 0 end) = 1 as is_synthetic,
    max(case when day_number = 1 then traffic_source end) as traffic_source,
    max(case when day_number = 1 then browser end) as browser,
    max(case when day_number = 1 then city end) as city,
    max(case when day_number = 1 then state end) as state,
    count(*) as days,
    cast(sum(events) as bigint) as events,
    {% for type in types %}
      cast(sum({{ type }}_events) as bigint) as {{ type }}_events,
    {% endfor %}
    min(started_at) as started_at,
    max(ended_at) as ended_at,
    {% for step in steps[:-1] %}
      min(first_{{ step }}_at) as first_{{ step }}_at,
    {% endfor %}
    -- on the day of the first time of a step the next one has to come after it; on a later day it does
    {% for step in steps[1:] %}
      min(
        case
          when activity_date = {{ steps[loop.index0] }}_date then {{ step }}_after_{{ steps[loop.index0] }}_at
          when activity_date > {{ steps[loop.index0] }}_date then first_{{ step }}_at
        end
      ) as {{ step }}_after_{{ steps[loop.index0] }}_at,
    {% endfor %}
    max(last_purchase_at) as last_purchase_at
  from ranked
  group by session_id
),

sessions as (
  select
    session_id,
    user_id,
    is_synthetic,
    case
      when not is_synthetic then row_number() over (partition by user_id order by started_at, session_id)
    end as session_number,
    case
      when not is_synthetic then row_number() over (partition by user_id order by started_at, session_id) > 1
    end as is_returning,
    traffic_source,
    browser,
    city,
    state,
    home_events > 0 as has_home,
    department_events > 0 as has_department,
    product_events > 0 as has_product,
    cart_events > 0 as has_cart,
    purchase_events > 0 as is_purchase,
    cancel_events > 0 as is_cancelled,
    days,
    events,
    {% for type in types %}
      {{ type }}_events,
    {% endfor %}
    cast({{ datediff('started_at', 'ended_at', 'second') }} as bigint) as seconds,
    {% for step in steps[1:] %}
      cast({{
        datediff('first_' ~ steps[loop.index0] ~ '_at', step ~ '_after_' ~ steps[loop.index0] ~ '_at', 'second')
      }} as bigint) as {{ steps[loop.index0] }}_to_{{ step }}_seconds,
    {% endfor %}
    started_at,
    ended_at,
    last_purchase_at
  from joined
)

select * from sessions
