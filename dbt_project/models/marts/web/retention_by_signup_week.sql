with users as (
  select
    user_id,
    cast(date_trunc('week', signed_up_at) as date) as signup_week
  from {{ ref('dim_users') }}
  where signed_up_at is not null
),

active_weeks as (
  select distinct
    user_id,
    cast(date_trunc('week', activity_date) as date) as active_week
  from {{ ref('user_days') }}
),

cohorts as (
  select
    signup_week,
    count(*) as users
  from users
  group by signup_week
),

weeks as (
  select distinct active_week from active_weeks
),

retained as (
  select
    users.signup_week,
    active_weeks.active_week,
    count(*) as retained_users
  from users
  inner join active_weeks on users.user_id = active_weeks.user_id
  group by users.signup_week, active_weeks.active_week
),

-- a week in which nobody of a cohort came back is a row, too
retention as (
  select
    cohorts.signup_week,
    {{ datediff('cohorts.signup_week', 'weeks.active_week', 'day') }} / 7 as weeks_since,
    cohorts.users,
    coalesce(retained.retained_users, 0) as retained_users,
    cast(
      cast(coalesce(retained.retained_users, 0) as numeric(18, 4)) / cohorts.users as numeric(5, 4)
    ) as retained_share
  from cohorts
  inner join weeks on cohorts.signup_week <= weeks.active_week
  left join retained
    on
      cohorts.signup_week = retained.signup_week
      and weeks.active_week = retained.active_week
)

select * from retention
