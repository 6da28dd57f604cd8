with history as (
  select * from {{ ref('finance__accounts_history') }}
),

exports as (
  select distinct extracted_at from history
),

ranked as (
  select
    *,
    row_number() over (
      partition by account_id
      order by case when dbt_valid_to is null then 0 else 1 end, extracted_at desc, change_seq desc, dbt_valid_to desc
    ) as recency
  from history
),

latest as (
  select * from ranked
  where recency = 1
),

-- the day is the export's, never the build's
later_exports as (
  select
    latest.account_id,
    min(exports.extracted_at) as extracted_at
  from latest
  inner join exports on latest.extracted_at < exports.extracted_at
  group by latest.account_id
),

joined as (
  select
    latest.account_id,
    latest.household_id,
    latest.owner,
    latest.account_name,
    latest.account_type,
    latest.currency,
    latest.balance,
    latest.balance_date,
    latest.extracted_at as last_exported_at,
    -- two exports may be of the same moment
    case
      when latest.dbt_valid_to is not null then coalesce(later_exports.extracted_at, latest.extracted_at)
    end as gone_since
  from latest
  left join later_exports on latest.account_id = later_exports.account_id
)

select * from joined
