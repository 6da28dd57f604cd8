with order_items as (
  select * from {{ ref('fct_order_items') }}
),

daily as (
  select
    order_date,
    count(distinct order_id) as orders,
    count(*) as items,
    cast(sum(gmv) as numeric(14, 2)) as gmv
  from order_items
  where order_date is not null
  group by order_date
)

select * from daily
