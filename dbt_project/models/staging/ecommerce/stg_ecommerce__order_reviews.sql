with source as (
  select * from {{ source('data_lake_silver', 'order_reviews') }}
),

renamed as (
  select
    -- ids
    review_id,
    order_id,

    -- texts
    review_comment_title as comment_title,
    review_comment_message as comment_message,

    -- numerics
    cast(review_score as integer) as review_score,

    -- timestamps
    cast(review_creation_date as date) as sent_date,
    cast(review_answer_timestamp as timestamp) as answered_at
  from source
)

select * from renamed
