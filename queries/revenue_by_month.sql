-- Revenue by month of purchase: items without canceled orders, freight apart.
select
  o.order_purchase_month,
  count(distinct o.order_id) as orders,
  sum(i.price) as revenue,
  sum(i.freight_value) as freight
from orders as o
inner join order_items as i on o.order_id = i.order_id
where o.order_status <> 'canceled'
group by o.order_purchase_month
order by o.order_purchase_month
