-- The twenty orders worth most, with the number of their items.
select
  order_id,
  count(*) as items,
  sum(price + freight_value) as total
from order_items
group by order_id
order by total desc, order_id
limit 20
