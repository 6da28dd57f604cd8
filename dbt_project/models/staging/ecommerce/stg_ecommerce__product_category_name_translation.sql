-- Written from contracts/ by make generate; change the contract instead.
select
  product_category_name as category_name,
  product_category_name_english as category_name_english,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'product_category_name_translation') }}
