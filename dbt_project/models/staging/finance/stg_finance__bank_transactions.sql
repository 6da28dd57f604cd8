-- Written from contracts/ by make generate; change the contract instead.
select
  transaction_id,
  account_id,
  booked_on,
  valued_on,
  booking_type,
  counterparty,
  counterparty_account as counterparty_account_id,
  purpose,
  amount,
  currency,
  category,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'bank_transactions') }}
