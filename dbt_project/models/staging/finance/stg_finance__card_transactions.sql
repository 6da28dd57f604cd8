-- Written from contracts/ by make generate; change the contract instead.
select
  transaction_id,
  account_id,
  purchased_on,
  transaction_type,
  status,
  merchant,
  amount,
  currency,
  category,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'card_transactions') }}
