{% set steps = ['home', 'department', 'product', 'cart', 'purchase'] %}

-- null where a session did not go that way, which is in no figure; doubles, as a median lies between two of them
with times as (
  {% for step in steps[1:] %}
    select
      traffic_source,
      '{{ steps[loop.index0] }}' as from_step,
      '{{ step }}' as to_step,
      cast({{ steps[loop.index0] }}_to_{{ step }}_seconds as double precision) as seconds
    from {{ ref('customer_sessions') }}
    {% if not loop.last %}union all{% endif %}
  {% endfor %}
),

percentiles as (
  select
    traffic_source,
    from_step,
    to_step,
    count(seconds) as sessions,
    percentile_cont(0.5) within group (order by seconds) as median_seconds,
    percentile_cont(0.9) within group (order by seconds) as p90_seconds
  from times
  group by traffic_source, from_step, to_step
),

final as (
  select
    traffic_source,
    from_step,
    to_step,
    sessions,
    cast(median_seconds as numeric(14, 1)) as median_seconds,
    cast(p90_seconds as numeric(14, 1)) as p90_seconds
  from percentiles
)

select * from final
