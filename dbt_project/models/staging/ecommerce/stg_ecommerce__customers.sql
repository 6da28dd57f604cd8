-- Written from contracts/ by make generate; change the contract instead.
select
  customer_id,
  customer_unique_id,
  customer_zip_code_prefix as zip_code_prefix,
  customer_city as city,
  customer_state as state,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'customers') }}
