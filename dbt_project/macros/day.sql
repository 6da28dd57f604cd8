{# A model that is made by the day, of the variable `day` or of all days if there is none. What it held of them goes first, so that a
   day which has become empty is empty. #}
{% macro delete_day() -%}
  {% if is_incremental() %}
    delete from {{ this }}
    {%- if var('day', none) %}
      where insert_date = cast('{{ var("day") }}' as date)
    {%- endif %}
  {% endif %}
{%- endmacro %}
