with accounts as (
  select * from {{ ref('dim_accounts') }}
),

bank as (
  select
    'bank' as origin,
    transaction_id,
    account_id,
    counterparty_account_id,
    booked_on as transaction_date,
    counterparty,
    purpose,
    category,
    false as is_card_payment,
    amount
  from {{ ref('stg_finance__bank_transactions') }}
),

cards as (
  select
    'card' as origin,
    transaction_id,
    account_id,
    cast(null as varchar) as counterparty_account_id,
    purchased_on as transaction_date,
    merchant as counterparty,
    cast(null as varchar) as purpose,
    category,
    transaction_type = 'payment' as is_card_payment,
    amount
  from {{ ref('stg_finance__card_transactions') }}
),

transactions as (
  select * from bank
  union all
  select * from cards
),

-- in no export of accounts that the warehouse has seen: what they paid for is here all the same
unnamed_cards as (
  select distinct cards.account_id
  from cards
  left join accounts on cards.account_id = accounts.account_id
  where accounts.account_id is null
),

-- a household's money that stays its own is neither income nor spending; what a card paid for is in the card's own rows
joined as (
  select
    transactions.origin,
    transactions.transaction_id,
    transactions.account_id,
    accounts.household_id,
    accounts.owner,
    transactions.transaction_date,
    transactions.counterparty,
    transactions.purpose,
    coalesce(transactions.category, 'uncategorised') as category,
    case
      when
        transactions.is_card_payment
        or counterparties.account_type = 'credit_card'
        or unnamed_cards.account_id is not null then 'card_settlement'
      when counterparties.account_id is not null then 'transfer'
      when
        transactions.origin = 'bank'
        and transactions.amount > 0
        and coalesce(transactions.category, 'income') = 'income' then 'income'
      else 'spending'
    end as kind,
    transactions.amount
  from transactions
  left join accounts on transactions.account_id = accounts.account_id
  left join accounts as counterparties
    on
      transactions.counterparty_account_id = counterparties.account_id
      and accounts.household_id = counterparties.household_id
  left join unnamed_cards on transactions.counterparty_account_id = unnamed_cards.account_id
)

select * from joined
