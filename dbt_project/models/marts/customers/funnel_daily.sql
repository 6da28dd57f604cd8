with funnels as (
  select
    cast(started_at as date) as started_date,
    traffic_source,
    count(*) as sessions,
    sum(case when has_department then 1 else 0 end) as department_sessions,
    sum(case when has_product then 1 else 0 end) as product_sessions,
    sum(case when has_cart then 1 else 0 end) as cart_sessions,
    sum(case when is_purchase then 1 else 0 end) as purchase_sessions,
    sum(case when is_cancelled then 1 else 0 end) as cancelled_sessions,
    cast(sum(purchase_events) as bigint) as purchases,
    sum(case when has_department and has_product then 1 else 0 end) as department_and_product,
    sum(case when has_product and has_cart then 1 else 0 end) as product_and_cart,
    sum(case when has_cart and is_purchase then 1 else 0 end) as cart_and_purchase
  from {{ ref('customer_sessions') }}
  group by cast(started_at as date), traffic_source
),

rates as (
  select
    started_date,
    traffic_source,
    sessions,
    department_sessions,
    product_sessions,
    cart_sessions,
    purchase_sessions,
    cancelled_sessions,
    purchases,
    {{ share('purchase_sessions', 'sessions') }} as conversion_rate,
    {{ share('department_sessions', 'sessions') }} as department_rate,
    {{ share('department_and_product', 'department_sessions') }} as department_to_product_rate,
    {{ share('product_and_cart', 'product_sessions') }} as product_to_cart_rate,
    {{ share('cart_and_purchase', 'cart_sessions') }} as cart_to_purchase_rate
  from funnels
)

select * from rates
