-- No transaction is lost or repeated on its way from silver, and every euro is in the marts once.
with figures as (
  select
    'fct_transactions, rows' as figure,
    (select count(*) from {{ source('data_lake_silver', 'bank_transactions') }})
    + (select count(*) from {{ source('data_lake_silver', 'card_transactions') }}) as expected,
    (select count(*) from {{ ref('fct_transactions') }}) as actual
  union all
  select
    'fct_transactions.amount, bank' as figure,
    (select sum(amount) from {{ source('data_lake_silver', 'bank_transactions') }}) as expected,
    (select sum(case when origin = 'bank' then amount end) from {{ ref('fct_transactions') }}) as actual
  union all
  select
    'fct_transactions.amount, card' as figure,
    (select sum(amount) from {{ source('data_lake_silver', 'card_transactions') }}) as expected,
    (select sum(case when origin = 'card' then amount end) from {{ ref('fct_transactions') }}) as actual
  union all
  select
    'monthly_spending.spent' as figure,
    (select -sum(case when kind = 'spending' then amount end) from {{ ref('fct_transactions') }}) as expected,
    (select sum(spent) from {{ ref('monthly_spending') }}) as actual
  union all
  select
    'monthly_spending.budget' as figure,
    (select sum(budget) from {{ source('data_lake_silver', 'budgets') }}) as expected,
    (select sum(budget) from {{ ref('monthly_spending') }}) as actual
  union all
  select
    'monthly_spending.difference' as figure,
    (select sum(budget) - sum(spent) from {{ ref('monthly_spending') }}) as expected,
    (select sum(difference) from {{ ref('monthly_spending') }}) as actual
)

select *
from figures
where coalesce(expected, 0) <> coalesce(actual, 0)
