-- Users who did something in the web applications, by day, of the last thirty days.
select
  occurred_on,
  count(distinct user_id) as users
from (
  select occurred_on, user_id from events
  union all
  select occurred_on, user_id from follows
  union all
  select occurred_on, user_id from posts
  union all
  select occurred_on, user_id from unfollows
  union all
  select occurred_on, user_id from users
)
where
  occurred_on >= date_format(current_timestamp - interval '30' day, '%Y-%m-%d')
  and user_id is not null
group by occurred_on
order by occurred_on
