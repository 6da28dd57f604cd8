-- clients send a message again under the same id, and now and then a post under another
with messages as (
  select
    post_id,
    coalesce(author_id, user_id) as author_id,
    content,
    occurred_at,
    row_number() over (partition by post_id order by occurred_at, message_id) as message_rank,
    count(*) over (partition by post_id) as messages
  from {{ ref('stg_web__posts') }}
  where post_id is not null
),

posts as (
  select
    post_id,
    author_id,
    length(content) as content_length,
    messages,
    cast(occurred_at as date) as posted_date,
    occurred_at as posted_at
  from messages
  where message_rank = 1
)

select * from posts
