-- Orders by month that reached the customer later than promised, and how late they were on average.
select
  order_purchase_month,
  count(*) as delivered,
  count_if(order_delivered_customer_date > order_estimated_delivery_date) as late,
  round(avg(
    case
      when order_delivered_customer_date > order_estimated_delivery_date
        then date_diff('hour', order_estimated_delivery_date, order_delivered_customer_date) / 24.0
    end
  ), 1) as days_late
from orders
where order_delivered_customer_date is not null
group by order_purchase_month
order by order_purchase_month
