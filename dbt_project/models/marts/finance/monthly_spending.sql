with transactions as (
  select * from {{ ref('fct_transactions') }}
),

spending as (
  select
    coalesce(household_id, 'unknown') as household_id,
    cast(date_trunc('month', transaction_date) as date) as spending_month,
    category,
    sum(-amount) as spent
  from transactions
  where kind = 'spending'
  group by coalesce(household_id, 'unknown'), cast(date_trunc('month', transaction_date) as date), category
),

budgets as (
  select
    household_id,
    cast(date_trunc('month', budget_month) as date) as spending_month,
    category,
    sum(budget) as budget
  from {{ ref('stg_finance__budgets') }}
  group by household_id, cast(date_trunc('month', budget_month) as date), category
),

compared as (
  select
    coalesce(spending.spending_month, budgets.spending_month) as spending_month,
    coalesce(spending.household_id, budgets.household_id) as household_id,
    coalesce(spending.category, budgets.category) as category,
    cast(coalesce(spending.spent, 0) as numeric(14, 2)) as spent,
    cast(coalesce(budgets.budget, 0) as numeric(14, 2)) as budget,
    cast(coalesce(budgets.budget, 0) - coalesce(spending.spent, 0) as numeric(14, 2)) as difference
  from spending
  full outer join budgets
    on
      spending.household_id = budgets.household_id
      and spending.spending_month = budgets.spending_month
      and spending.category = budgets.category
)

select * from compared
