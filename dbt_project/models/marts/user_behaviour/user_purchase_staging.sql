with purchases as (
  select
    user_purchase_id,
    invoice_number,
    stock_code,
    quantity,
    invoice_date,
    unit_price,
    customer_id,
    country,
    cast(invoice_date as date) as insert_date
  from {{ ref('stg_retail__user_purchase') }}
  where
    quantity > 2
    {% if var('day', none) %}
      and invoice_month = '{{ (var("day") | string)[:7] }}'
      and cast(invoice_date as date) = cast('{{ var("day") }}' as date)
    {% endif %}
)

select * from purchases
