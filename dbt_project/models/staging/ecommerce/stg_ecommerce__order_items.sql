-- Written from contracts/ by make generate; change the contract instead.
select
  order_id,
  order_item_id,
  product_id,
  seller_id,
  shipping_limit_date as shipping_limit_at,
  price,
  freight_value,
  shipping_limit_month,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'order_items') }}
