-- No mart loses or repeats a row on its way from silver.
with counts as (
  select
    'fct_orders' as mart,
    (select count(*) from {{ source('data_lake_silver', 'orders') }}) as expected,
    (select count(*) from {{ ref('fct_orders') }}) as actual
  union all
  select
    'fct_order_items' as mart,
    (select count(*) from {{ source('data_lake_silver', 'order_items') }}) as expected,
    (select count(*) from {{ ref('fct_order_items') }}) as actual
  union all
  select
    'orders_obt' as mart,
    (select count(*) from {{ source('data_lake_silver', 'order_items') }}) as expected,
    (select count(*) from {{ ref('orders_obt') }}) as actual
  union all
  select
    'fct_payments' as mart,
    (select count(*) from {{ source('data_lake_silver', 'order_payments') }}) as expected,
    (select count(*) from {{ ref('fct_payments') }}) as actual
  union all
  select
    'fct_reviews' as mart,
    (select count(*) from {{ source('data_lake_silver', 'order_reviews') }}) as expected,
    (select count(*) from {{ ref('fct_reviews') }}) as actual
  union all
  select
    'dim_customers' as mart,
    (select count(distinct customer_unique_id) from {{ source('data_lake_silver', 'customers') }}) as expected,
    (select count(*) from {{ ref('dim_customers') }}) as actual
  union all
  select
    'customer_segments' as mart,
    (select count(distinct customer_unique_id) from {{ ref('fct_orders') }}) as expected,
    (select count(*) from {{ ref('customer_segments') }}) as actual
  union all
  select
    'dim_products' as mart,
    (select count(*) from {{ source('data_lake_silver', 'products') }}) as expected,
    (select count(*) from {{ ref('dim_products') }}) as actual
  union all
  select
    'dim_sellers' as mart,
    (select count(*) from {{ source('data_lake_silver', 'sellers') }}) as expected,
    (select count(*) from {{ ref('dim_sellers') }}) as actual
)

select *
from counts
where expected <> actual
