-- Written from contracts/ by make generate; change the contract instead.
select
  message_id,
  source,
  user_id,
  anonymous_id,
  followed_id,
  properties,
  occurred_at,
  original_timestamp,
  sent_at,
  received_at,
  ip,
  user_agent,
  context,
  integrations,
  other_fields,
  occurred_on,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'unfollows') }}
