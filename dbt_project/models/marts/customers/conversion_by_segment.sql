with sessions as (
  select
    traffic_source,
    browser,
    is_returning,
    count(*) as sessions,
    sum(case when is_purchase then 1 else 0 end) as purchase_sessions,
    cast(sum(purchase_events) as bigint) as purchases
  from {{ ref('customer_sessions') }}
  group by traffic_source, browser, is_returning
),

rates as (
  select
    *,
    {{ share('purchase_sessions', 'sessions') }} as conversion_rate
  from sessions
)

select * from rates
