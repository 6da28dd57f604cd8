-- by the day, as a session may have purchases before and after the end of a month
with purchases as (
  select distinct
    sessions.user_id,
    cast(date_trunc('month', session_days.activity_date) as date) as purchase_month
  from {{ ref('customer_session_days') }} as session_days
  inner join {{ ref('customer_sessions') }} as sessions on session_days.session_id = sessions.session_id
  where session_days.purchase_events > 0 and not sessions.is_synthetic
),

customers as (
  select
    user_id,
    min(purchase_month) as cohort_month
  from purchases
  group by user_id
),

cohorts as (
  select
    cohort_month,
    count(*) as customers
  from customers
  group by cohort_month
),

months as (
  select distinct cast(date_trunc('month', activity_date) as date) as active_month
  from {{ ref('customer_session_days') }}
),

returned as (
  select
    customers.cohort_month,
    purchases.purchase_month,
    count(*) as returning_customers
  from customers
  inner join purchases on customers.user_id = purchases.user_id
  group by customers.cohort_month, purchases.purchase_month
),

-- a month in which nobody of a cohort came back is a row, too
retention as (
  select
    cohorts.cohort_month,
    cast({{ datediff('cohorts.cohort_month', 'months.active_month', 'month') }} as integer) as months_since,
    cohorts.customers,
    coalesce(returned.returning_customers, 0) as returning_customers,
    {{ share('coalesce(returned.returning_customers, 0)', 'cohorts.customers') }} as returning_share
  from cohorts
  inner join months on cohorts.cohort_month <= months.active_month
  left join returned
    on
      cohorts.cohort_month = returned.cohort_month
      and months.active_month = returned.purchase_month
)

select * from retention
