{#- No two rows have the same values in the columns, nulls being equal to each other. -#}
{% test claude_unique_key(model, columns) %}
select {{ columns | join(', ') }}, count(*) as row_count
from {{ model }}
group by {% for column in columns %}{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
having count(*) > 1
{% endtest %}
