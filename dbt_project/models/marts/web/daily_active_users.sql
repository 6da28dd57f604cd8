with visitors as (
  select
    activity_date,
    count(distinct visitor_id) as active_visitors,
    sum(events) as events
  from {{ ref('sessions') }}
  group by activity_date
),

users as (
  select
    activity_date,
    count(*) as active_users
  from {{ ref('user_days') }}
  group by activity_date
),

joined as (
  select
    visitors.activity_date,
    coalesce(users.active_users, 0) as active_users,
    visitors.active_visitors,
    cast(visitors.events as bigint) as events
  from visitors
  left join users on visitors.activity_date = users.activity_date
)

select * from joined
