with products as (
  select * from {{ ref('stg_ecommerce__products') }}
),

translations as (
  select * from {{ ref('stg_ecommerce__product_category_name_translation') }}
),

joined as (
  select
    products.product_id,
    coalesce(translations.category_name_english, products.category_name, 'unknown') as category,
    products.category_name as category_portuguese,
    products.name_length,
    products.description_length,
    products.photos,
    products.weight_g,
    products.length_cm,
    products.height_cm,
    products.width_cm
  from products
  left join translations on products.category_name = translations.category_name
)

select * from joined
