-- What the last run of each data set read, changed, and kept in quarantine.
select
  data_set,
  started_at,
  rows_in,
  inserted,
  updated,
  deleted,
  withdrawn,
  quarantined
from (
  select
    *,
    row_number() over (partition by data_set order by batch desc) as nth
  from data_quality
  where batch is not null
)
where nth = 1
order by data_set
