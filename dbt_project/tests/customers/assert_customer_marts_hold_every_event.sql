-- No mart loses or repeats an event, a session or a purchase on its way from silver.
{% set types = ['home', 'department', 'product', 'cart', 'purchase', 'cancel'] %}

with silver as (
  select
    count(*) as events,
    {% for type in types %}
      sum(case when event_type = '{{ type }}' then 1 else 0 end) as {{ type }}_events,
    {% endfor %}
    count(distinct session_id) as sessions
  from {{ source('data_lake_silver', 'customer_events') }}
),

-- sessions in which somebody was signed in, on whatever day
known as (
  select
    session_id,
    sum(case when event_type = 'purchase' then 1 else 0 end) as purchases,
    sum(case when event_type = 'cart' then 1 else 0 end) as carts
  from {{ source('data_lake_silver', 'customer_events') }}
  group by session_id
  having sum(case when is_synthetic then 0 else 1 end) > 0
),

counts as (
  {% for mart in ['customer_session_days', 'customer_sessions'] %}
    {% for figure in ['events'] + types %}
      {% set column = figure if figure == 'events' else figure ~ '_events' %}
      select
        '{{ mart }}.{{ column }}' as figure,
        (select {{ column }} from silver) as expected,
        (select sum({{ column }}) from {{ ref(mart) }}) as actual
      union all
    {% endfor %}
  {% endfor %}
  select
    'customer_session_days, days' as figure,
    (select count(distinct event_date) from {{ source('data_lake_silver', 'customer_events') }}) as expected,
    (select count(distinct activity_date) from {{ ref('customer_session_days') }}) as actual
  union all
  select
    'customer_sessions, rows' as figure,
    (select sessions from silver) as expected,
    (select count(*) from {{ ref('customer_sessions') }}) as actual
  union all
  select
    'customer_sessions, known users' as figure,
    (select count(*) from known) as expected,
    (select sum(case when is_synthetic then 0 else 1 end) from {{ ref('customer_sessions') }}) as actual
  union all
  select
    'funnel_daily.sessions' as figure,
    (select sessions from silver) as expected,
    (select sum(sessions) from {{ ref('funnel_daily') }}) as actual
  union all
  select
    'funnel_daily.purchases' as figure,
    (select purchase_events from silver) as expected,
    (select sum(purchases) from {{ ref('funnel_daily') }}) as actual
  union all
  {% for type in types[1:4] %}
    select
      'funnel_daily.{{ type }}_sessions' as figure,
      (
        select count(distinct session_id) from {{ source('data_lake_silver', 'customer_events') }}
        where event_type = '{{ type }}'
      ) as expected,
      (select sum({{ type }}_sessions) from {{ ref('funnel_daily') }}) as actual
    union all
  {% endfor %}
  select
    'funnel_daily.purchase_sessions' as figure,
    (
      select count(distinct session_id) from {{ source('data_lake_silver', 'customer_events') }}
      where event_type = 'purchase'
    ) as expected,
    (select sum(purchase_sessions) from {{ ref('funnel_daily') }}) as actual
  union all
  select
    'funnel_daily.cancelled_sessions' as figure,
    (
      select count(distinct session_id) from {{ source('data_lake_silver', 'customer_events') }}
      where event_type = 'cancel'
    ) as expected,
    (select sum(cancelled_sessions) from {{ ref('funnel_daily') }}) as actual
  union all
  select
    'conversion_by_segment.sessions' as figure,
    (select sessions from silver) as expected,
    (select sum(sessions) from {{ ref('conversion_by_segment') }}) as actual
  union all
  select
    'conversion_by_segment.purchases' as figure,
    (select purchase_events from silver) as expected,
    (select sum(purchases) from {{ ref('conversion_by_segment') }}) as actual
  union all
  select
    'conversion_by_segment.purchase_sessions' as figure,
    (select sum(purchase_sessions) from {{ ref('funnel_daily') }}) as expected,
    (select sum(purchase_sessions) from {{ ref('conversion_by_segment') }}) as actual
  union all
  select
    'customer_rfm.frequency' as figure,
    (select sum(purchases) from known) as expected,
    (select sum(frequency) from {{ ref('customer_rfm') }}) as actual
  union all
  select
    'customer_rfm.items_bought' as figure,
    (
      select sum(carts) from known
      where purchases > 0
    ) as expected,
    (select sum(items_bought) from {{ ref('customer_rfm') }}) as actual
  union all
  select
    'purchase_cohorts.customers' as figure,
    (select count(*) from {{ ref('customer_rfm') }}) as expected,
    (
      select sum(case when months_since = 0 then customers end) from {{ ref('purchase_cohorts') }}
    ) as actual
  union all
  select
    'funnel_step_times, rows' as figure,
    (select 4 * count(distinct traffic_source) from {{ ref('customer_sessions') }}) as expected,
    (select count(*) from {{ ref('funnel_step_times') }}) as actual
)

select *
from counts
where coalesce(expected, 0) <> coalesce(actual, 0)
