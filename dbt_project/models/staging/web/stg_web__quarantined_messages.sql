-- Written from contracts/ by make generate; change the contract instead.
select
  object_key,
  byte_offset,
  bytes,
  reason,
  message_id,
  source,
  raw_message,
  received_at,
  received_on,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'quarantined_messages') }}
