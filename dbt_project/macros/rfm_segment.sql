{# What a customer is to a shop by recency_score, frequency and the score of what was spent or bought. #}
{% macro rfm_segment(score) -%}
  case
    when frequency > 1 and recency_score >= 4 then 'champions'
    when frequency > 1 and recency_score = 3 then 'loyal'
    when frequency > 1 then 'at_risk'
    when recency_score >= 4 and {{ score }} >= 4 then 'promising'
    when recency_score >= 4 then 'new'
    when recency_score <= 2 and {{ score }} >= 4 then 'lost_big_spenders'
    when recency_score <= 2 then 'lost'
    else 'cooling'
  end
{%- endmacro %}
