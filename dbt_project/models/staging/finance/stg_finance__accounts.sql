-- Written from contracts/ by make generate; change the contract instead.
select
  account_id,
  household_id,
  owner,
  account_name,
  account_type,
  balance,
  balance_date,
  currency,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'accounts') }}
