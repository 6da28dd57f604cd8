-- Written from contracts/ by make generate; change the contract instead.
select
  order_id,
  payment_sequential,
  payment_type,
  payment_installments,
  payment_value,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'order_payments') }}
