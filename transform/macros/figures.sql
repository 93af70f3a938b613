{#- The sum of columns of a row, null if one of them is null. -#}
{% macro claude_total(columns) -%}
  ({{ columns | join(' + ') }})
{%- endmacro %}

{#- A count and its unified part. Where the row has no unified block, as `block` says, there is
    nothing to add; where it has one, a null of either is a null. -#}
{% macro claude_with_unified(plain, unified, block) -%}
  case
    when coalesce({{ block | join(', ') }}) is null then {{ plain }}
    else {{ plain }} + {{ unified }}
  end
{%- endmacro %}

{#- Whether any of the counts is known to be above 0. -#}
{% macro claude_any_used(counts) -%}
  (
    {%- for count in counts %}
    {{ 'or ' if not loop.first }}coalesce({{ count }}, 0) > 0
    {%- endfor %}
  )
{%- endmacro %}

{#- A quotient, null if the denominator is 0 or null. `kind` is `ratio` or `money`. -#}
{% macro claude_quotient(numerator, denominator, kind='ratio', factor=1) -%}
  {%- set type = claude_analytics.claude_type(kind) -%}
  {{ factor ~ ' * ' if factor != 1 }}cast({{ numerator }} as {{ type }})
  / nullif(cast({{ denominator }} as {{ type }}), 0)
{%- endmacro %}

{#- Whether a condition holds for all rows of a group; null counts as false. -#}
{% macro claude_every(condition) -%}
  (min(case when {{ condition }} then 1 else 0 end) = 1)
{%- endmacro %}

{#- Whether a condition holds for a row of a group; null if it is null for all. -#}
{% macro claude_some(condition) -%}
  (max(case when {{ condition }} then 1 when not {{ condition }} then 0 end) = 1)
{%- endmacro %}

{#- The class of so many active days in 28. -#}
{% macro claude_frequency(days) -%}
  case
    when {{ days }} >= {{ var('claude_analytics__frequency_most_days') }} then 'most days'
    when {{ days }} >= {{ var('claude_analytics__frequency_weekly') }} then 'weekly'
    when {{ days }} >= {{ var('claude_analytics__frequency_now_and_then') }} then 'now and then'
    when {{ days }} >= 1 then 'once'
    when {{ days }} = 0 then 'none'
  end
{%- endmacro %}

{#- The family of a model, by its name. -#}
{% macro claude_model_family(model) -%}
  case
    when {{ model }} is null then 'no model'
    {%- for family in ('opus', 'sonnet', 'haiku') %}
    when lower({{ model }}) like '%{{ family }}%' then '{{ family }}'
    {%- endfor %}
    else 'other'
  end
{%- endmacro %}

{#- The family of a product of usage and cost. -#}
{% macro claude_product_family(product) -%}
  case
    when {{ product }} in ('chat', 'cowork', 'chat_cowork_unified') then 'chat_cowork'
    else coalesce({{ product }}, '(none)')
  end
{%- endmacro %}

{#- The last select of a mart: the columns of its contract, in that order and of those types. -#}
{% macro claude_select(relation) -%}
  {%- if model.columns %}
select
    {%- for column in model.columns.values() %}
    cast({{ column.name }} as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
  {%- else %}
select *
  {%- endif %}
from {{ relation }}
{%- endmacro %}
