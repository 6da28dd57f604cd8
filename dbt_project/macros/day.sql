{# For a model that is made by the day, of the variable `day` or of all days if there is none: what it held of them goes
   first, so that a day which has become empty is empty. #}
{% macro delete_day() -%}
  {% if is_incremental() %}
    delete from {{ this }}
    where {% if var('day', none) %}insert_date = cast('{{ var("day") }}' as date){% else %}true{% endif %}
  {% endif %}
{%- endmacro %}
