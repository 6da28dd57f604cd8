-- How silver differed from the source when the two were compared last: rows that are missing, and rows too many.
select
  data_set,
  started_at,
  source_rows,
  missing_rows,
  extra_rows
from (
  select
    *,
    row_number() over (partition by data_set order by started_at desc) as nth
  from data_quality
  where source_rows is not null
)
where nth = 1
order by data_set
