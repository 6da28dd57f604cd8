-- What came from web applications in the last day and was no message, by reason: how often, and the latest.
select
  reason,
  times,
  received_at,
  source,
  object_key,
  byte_offset,
  raw_message
from (
  select
    *,
    count(*) over (partition by reason) as times,
    row_number() over (partition by reason order by received_at desc, object_key desc, byte_offset desc) as nth
  from quarantined_messages
  where arrived_hour >= date_format(current_timestamp - interval '1' day, '%Y/%m/%d/%H')
)
where nth = 1
order by times desc, reason
