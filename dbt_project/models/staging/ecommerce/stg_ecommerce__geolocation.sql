with source as (
  select * from {{ source('data_lake_silver', 'geolocation') }}
),

renamed as (
  select
    -- ids
    id as geolocation_id,

    -- texts
    geolocation_zip_code_prefix as zip_code_prefix,
    geolocation_city as city,
    geolocation_state as state,

    -- numerics
    cast(geolocation_lat as numeric(9, 6)) as latitude,
    cast(geolocation_lng as numeric(9, 6)) as longitude
  from source
)

select * from renamed
