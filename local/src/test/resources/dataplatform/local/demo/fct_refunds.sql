select
  refund_id,
  order_id,
  amount
from {{ ref('stg_ecommerce__refunds') }}
