-- No mart loses or repeats a message on its way from silver.
with messages as (
  select count(*) as events
  from {{ source('data_lake_silver', 'events') }}
  union all
  select count(*) as events
  from {{ source('data_lake_silver', 'follows') }}
  union all
  select count(*) as events
  from {{ source('data_lake_silver', 'posts') }}
  union all
  select count(*) as events
  from {{ source('data_lake_silver', 'unfollows') }}
  union all
  select count(*) as events
  from {{ source('data_lake_silver', 'users') }}
),

users as (
  select user_id from {{ source('data_lake_silver', 'events') }}
  union all
  select user_id from {{ source('data_lake_silver', 'follows') }}
  union all
  select user_id from {{ source('data_lake_silver', 'posts') }}
  union all
  select user_id from {{ source('data_lake_silver', 'unfollows') }}
  union all
  select user_id from {{ source('data_lake_silver', 'users') }}
),

counts as (
  select
    'sessions.events' as figure,
    (select sum(events) from messages) as expected,
    (select sum(events) from {{ ref('sessions') }}) as actual
  union all
  select
    'daily_active_users.events' as figure,
    (select sum(events) from messages) as expected,
    (select sum(events) from {{ ref('daily_active_users') }}) as actual
  union all
  select
    'user_days.events' as figure,
    (select count(user_id) from users) as expected,
    (select sum(events) from {{ ref('user_days') }}) as actual
  union all
  select
    'daily_active_users.active_users' as figure,
    (select count(*) from {{ ref('user_days') }}) as expected,
    (select sum(active_users) from {{ ref('daily_active_users') }}) as actual
  union all
  select
    'dim_users, rows' as figure,
    (select count(distinct user_id) from users) as expected,
    (select count(*) from {{ ref('dim_users') }}) as actual
  union all
  select
    'dim_users, signed up' as figure,
    (select count(distinct user_id) from {{ source('data_lake_silver', 'users') }}) as expected,
    (select count(signed_up_at) from {{ ref('dim_users') }}) as actual
  union all
  select
    'fct_posts, rows' as figure,
    (select count(distinct post_id) from {{ source('data_lake_silver', 'posts') }}) as expected,
    (select count(*) from {{ ref('fct_posts') }}) as actual
  union all
  select
    'fct_posts.messages' as figure,
    (select count(post_id) from {{ source('data_lake_silver', 'posts') }}) as expected,
    (select sum(messages) from {{ ref('fct_posts') }}) as actual
  union all
  select
    'fct_follows.messages' as figure,
    (
      select count(*) from {{ source('data_lake_silver', 'follows') }}
      where user_id is not null and followed_id is not null
    ) + (
      select count(*) from {{ source('data_lake_silver', 'unfollows') }}
      where user_id is not null and followed_id is not null
    ) as expected,
    (select sum(messages) from {{ ref('fct_follows') }}) as actual
  union all
  select
    'retention_by_signup_week.users' as figure,
    (select count(signed_up_at) from {{ ref('dim_users') }}) as expected,
    (
      select sum(case when weeks_since = 0 then users end) from {{ ref('retention_by_signup_week') }}
    ) as actual
)

select *
from counts
where coalesce(expected, 0) <> coalesce(actual, 0)
