with source as (
  select * from {{ source('data_lake_silver', 'budgets') }}
),

renamed as (
  select
    -- ids
    household_id,

    -- texts
    category,

    -- numerics
    cast(budget as numeric(12, 2)) as budget,

    -- dates
    cast(budget_month as date) as budget_month
  from source
)

select * from renamed
