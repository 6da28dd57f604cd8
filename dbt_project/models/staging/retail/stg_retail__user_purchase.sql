-- Written from contracts/ by make generate; change the contract instead.
select
  id as user_purchase_id,
  invoice_number,
  stock_code,
  detail,
  quantity,
  invoice_date,
  unit_price,
  customer_id,
  country,
  invoice_month,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'user_purchase') }}
