-- Web events of the last hour by name: messages, each once however often it was sent, and whom they are of.
select
  type,
  event_name,
  count(distinct message_id) as messages,
  count(distinct coalesce(user_id, anonymous_id)) as people
from events
where
  arrived_hour >= date_format(current_timestamp - interval '2' hour, '%Y/%m/%d/%H')
  and received_at >= current_timestamp - interval '1' hour
group by type, event_name
order by messages desc, type, event_name
