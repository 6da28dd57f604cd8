{# Fails with every combination of the columns that stands in more than one row. #}
{% test unique_combination_of_columns(model, combination) %}

  select
    {{ combination | join(', ') }},
    count(*) as occurrences
  from {{ model }}
  group by {{ combination | join(', ') }}
  having count(*) > 1

{% endtest %}
