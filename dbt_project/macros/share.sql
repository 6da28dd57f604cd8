{# A part of a whole, rounded to four digits; null if there is no whole. #}
{% macro share(part, whole) -%}
  cast(cast({{ part }} as numeric(18, 4)) / nullif({{ whole }}, 0) as numeric(5, 4))
{%- endmacro %}
