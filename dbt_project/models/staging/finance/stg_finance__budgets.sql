-- Written from contracts/ by make generate; change the contract instead.
select
  household_id,
  budget_month,
  category,
  budget,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'budgets') }}
