-- Messages that have come in the last hour by minute and table; one that was sent twice counts twice.
select
  date_trunc('minute', received_at) as received_in,
  kind,
  count(*) as messages
from (
  select 'events' as kind, arrived_hour, received_at from events
  union all
  select 'follows', arrived_hour, received_at from follows
  union all
  select 'posts', arrived_hour, received_at from posts
  union all
  select 'quarantined_messages', arrived_hour, received_at from quarantined_messages
  union all
  select 'unfollows', arrived_hour, received_at from unfollows
  union all
  select 'users', arrived_hour, received_at from users
)
where
  arrived_hour >= date_format(current_timestamp - interval '2' hour, '%Y/%m/%d/%H')
  and received_at >= current_timestamp - interval '1' hour
group by date_trunc('minute', received_at), kind
order by received_in, kind
