-- Written from contracts/ by make generate; change the contract instead.
select
  id,
  user_id,
  sequence_number,
  session_id,
  created_at,
  ip_address,
  city,
  state,
  postal_code,
  browser,
  traffic_source,
  uri,
  event_type,
  is_synthetic,
  event_date,
  batch
from {{ source('data_lake_silver', 'customer_events') }}
