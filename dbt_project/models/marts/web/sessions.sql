with messages as (
  select * from {{ ref('int_web__messages') }}
),

news as (
  select * from messages
  {% if is_incremental() %}
    where occurred_on in ({{ changed_days() }})
  {% endif %}
),

-- by day, so that a message that comes late changes the sessions of its own day and no others
ordered as (
  select
    *,
    lag(occurred_at) over (partition by visitor_id, occurred_on order by occurred_at, message_id) as previous_at
  from news
),

starts as (
  select
    *,
    case
      when occurred_at < previous_at + interval '30 minutes' then 0
      else 1
    end as is_start
  from ordered
),

numbered as (
  select
    *,
    sum(is_start) over (
      partition by visitor_id, occurred_on
      order by occurred_at, message_id
      rows between unbounded preceding and current row
    ) as session_number
  from starts
),

-- the user that is known first in a session has rank 1
ranked as (
  select
    *,
    row_number() over (
      partition by visitor_id, occurred_on, session_number
      order by case when user_id is null then 1 else 0 end, occurred_at, message_id
    ) as user_rank
  from numbered
),

sessions as (
  select
    -- no two of a visitor begin at one time; two messages of different kinds can have one id
    md5(to_char(min(occurred_at), 'YYYYMMDDHH24MISSUS') || visitor_id) as session_id,
    cast(occurred_on as date) as activity_date,
    visitor_id,
    max(case when user_rank = 1 then user_id end) as user_id,
    count(*) as events,
    sum(case when is_page then 1 else 0 end) as pages,
    min(occurred_at) as started_at,
    max(occurred_at) as ended_at,
    cast(sum(received_second) as bigint) as received_seconds
  from ranked
  group by visitor_id, occurred_on, session_number
)

select * from sessions
