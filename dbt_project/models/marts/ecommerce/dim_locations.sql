-- points repeat in the source: each counts once; decimals, as a sum of doubles depends on the order of the rows
with points as (
  select distinct
    zip_code_prefix,
    cast(latitude as numeric(9, 6)) as latitude,
    cast(longitude as numeric(9, 6)) as longitude
  from {{ ref('stg_ecommerce__geolocation') }}
),

centres as (
  select
    zip_code_prefix,
    cast(avg(latitude) as numeric(9, 6)) as latitude,
    cast(avg(longitude) as numeric(9, 6)) as longitude,
    count(*) as points
  from points
  group by zip_code_prefix
)

select * from centres
