-- Written from contracts/ by make generate; change the contract instead.
select
  review_id,
  order_id,
  review_score,
  review_comment_title as comment_title,
  review_comment_message as comment_message,
  review_creation_date as sent_at,
  review_answer_timestamp as answered_at,
  review_creation_month,
  change_seq,
  extracted_at
from {{ source('data_lake_silver', 'order_reviews') }}
