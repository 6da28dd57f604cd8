-- What fct_posts and fct_follows leave out.
{{ config(severity = 'warn') }}

select
  'posts' as data_set,
  message_id
from {{ ref('stg_web__posts') }}
where post_id is null
union all
select
  'follows' as data_set,
  message_id
from {{ ref('stg_web__follows') }}
where user_id is null or followed_id is null
union all
select
  'unfollows' as data_set,
  message_id
from {{ ref('stg_web__unfollows') }}
where user_id is null or followed_id is null
