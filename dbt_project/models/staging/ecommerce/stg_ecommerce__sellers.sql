-- Written from contracts/ by make generate; change the contract instead.
select
  seller_id,
  seller_zip_code_prefix as zip_code_prefix,
  seller_city as city,
  seller_state as state,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'sellers') }}
