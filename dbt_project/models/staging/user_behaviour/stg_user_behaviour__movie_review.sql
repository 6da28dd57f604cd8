-- Written from contracts/ by make generate; change the contract instead.
select
  review_id,
  cid as customer_id,
  review_str as review,
  positive_review as is_positive,
  insert_date,
  batch
from {{ source('data_lake_silver', 'classified_movie_review') }}
