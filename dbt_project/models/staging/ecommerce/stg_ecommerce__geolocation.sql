-- Written from contracts/ by make generate; change the contract instead.
select
  id as geolocation_id,
  geolocation_zip_code_prefix as zip_code_prefix,
  geolocation_lat as latitude,
  geolocation_lng as longitude,
  geolocation_city as city,
  geolocation_state as state,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'geolocation') }}
