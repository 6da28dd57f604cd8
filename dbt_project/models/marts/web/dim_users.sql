with identified as (
  select
    user_id,
    username,
    name,
    email,
    about_me,
    occurred_at,
    {% for trait in ['username', 'name', 'email', 'about_me'] %}
      row_number() over (
        partition by user_id
        order by case when {{ trait }} is null then 1 else 0 end, occurred_at desc, message_id desc
      ) as {{ trait }}_rank{% if not loop.last %},{% endif %}
    {% endfor %}
  from {{ ref('stg_web__users') }}
  where user_id is not null
),

-- each trait as it was told last: a message that leaves one out says nothing of it
profiles as (
  select
    user_id,
    max(case when username_rank = 1 then username end) as username,
    max(case when name_rank = 1 then name end) as name,
    max(case when email_rank = 1 then email end) as email,
    max(case when about_me_rank = 1 then about_me end) as about_me,
    min(occurred_at) as signed_up_at
  from identified
  group by user_id
),

seen as (
  select
    user_id,
    min(first_seen_at) as first_seen_at
  from {{ ref('user_days') }}
  group by user_id
),

joined as (
  select
    seen.user_id,
    profiles.username,
    profiles.name,
    profiles.email,
    profiles.about_me,
    seen.first_seen_at,
    profiles.signed_up_at
  from seen
  left join profiles on seen.user_id = profiles.user_id
)

select * from joined
