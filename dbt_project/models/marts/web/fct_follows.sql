with messages as (
  select
    user_id as follower_id,
    followed_id,
    1 as is_follow,
    message_id,
    occurred_at
  from {{ ref('stg_web__follows') }}
  where user_id is not null and followed_id is not null
  union all
  select
    user_id as follower_id,
    followed_id,
    0 as is_follow,
    message_id,
    occurred_at
  from {{ ref('stg_web__unfollows') }}
  where user_id is not null and followed_id is not null
),

-- of the same moment, an unfollow is the later: nobody is shown to follow who may not
ordered as (
  select
    *,
    lag(is_follow) over (
      partition by follower_id, followed_id
      order by occurred_at asc, is_follow desc, message_id asc
    ) as previous,
    row_number() over (
      partition by follower_id, followed_id
      order by occurred_at desc, is_follow asc, message_id desc
    ) as recency
  from messages
),

-- a follow after a follow changes nothing
states as (
  select
    follower_id,
    followed_id,
    max(case when recency = 1 then is_follow end) = 1 as is_following,
    max(case when previous is null or previous <> is_follow then occurred_at end) as changed_at,
    count(*) as messages
  from ordered
  group by follower_id, followed_id
),

final as (
  select
    follower_id,
    followed_id,
    is_following,
    messages,
    case when is_following then changed_at end as followed_since,
    changed_at
  from states
)

select * from final
