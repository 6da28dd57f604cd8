with source as (
  select * from {{ source('data_lake_silver', 'products') }}
),

renamed as (
  select
    -- ids
    product_id,

    -- texts
    product_category_name as category_name,

    -- numerics
    cast(product_name_lenght as integer) as name_length,
    cast(product_description_lenght as integer) as description_length,
    cast(product_photos_qty as integer) as photos,
    cast(product_weight_g as integer) as weight_g,
    cast(product_length_cm as integer) as length_cm,
    cast(product_height_cm as integer) as height_cm,
    cast(product_width_cm as integer) as width_cm
  from source
)

select * from renamed
