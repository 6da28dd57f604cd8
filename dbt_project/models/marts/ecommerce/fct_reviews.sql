with reviews as (
  select * from {{ ref('stg_ecommerce__order_reviews') }}
),

final as (
  select
    review_id,
    order_id,
    review_score,
    comment_title is not null or comment_message is not null as has_comment,
    cast(sent_at as date) as sent_date,
    answered_at
  from reviews
)

select * from final
