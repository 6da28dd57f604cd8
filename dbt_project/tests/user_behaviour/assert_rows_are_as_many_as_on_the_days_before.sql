-- A day with far more or far fewer customers than the seven before it that had any is looked at by a person first;
-- where it is right, build with --vars '{most_times: 100}'. Three days have to be there to say what is usual.
with days as (
  select
    insert_date,
    count(*) as customers
  from {{ ref('user_behavior_metric') }}
  group by insert_date
),

usual as (
  select
    insert_date,
    customers,
    cast(avg(cast(customers as numeric(18, 4))) over (
      order by insert_date
      rows between 7 preceding and 1 preceding
    ) as numeric(18, 4)) as mean,
    count(*) over (
      order by insert_date
      rows between 7 preceding and 1 preceding
    ) as of_days
  from days
)

select * from usual
where
  of_days >= 3
  and (
    customers > mean * {{ var('most_times', 10) }}
    or customers * {{ var('most_times', 10) }} < mean
  )
  {% if var('day', none) %}
    and insert_date = cast('{{ var("day") }}' as date)
  {% endif %}
