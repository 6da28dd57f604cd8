{% set data_sets = ['events', 'follows', 'posts', 'unfollows', 'users'] %}

with messages as (
  {% for data_set in data_sets %}
    select
      message_id,
      user_id,
      anonymous_id,
      {% if data_set == 'events' %}type in ('page', 'screen'){% else %}false{% endif %} as is_page,
      occurred_at,
      occurred_on,
      received_at
    from {{ ref('stg_web__' ~ data_set) }}
    {% if not loop.last %}union all{% endif %}
  {% endfor %}
),

final as (
  select
    message_id,
    coalesce(anonymous_id, user_id) as visitor_id,
    user_id,
    is_page,
    occurred_at,
    occurred_on,
    cast(extract(epoch from received_at) as bigint) as received_second
  from messages
)

select * from final
