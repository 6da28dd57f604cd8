-- Written from contracts/ by make generate; change the contract instead.
select
  order_id,
  customer_id,
  order_status,
  order_purchase_timestamp as ordered_at,
  order_approved_at as approved_at,
  order_delivered_carrier_date as handed_to_carrier_at,
  order_delivered_customer_date as delivered_at,
  order_estimated_delivery_date as estimated_delivery_at,
  order_purchase_month,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'orders') }}
