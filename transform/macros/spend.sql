{#- What is worked out of sums of cost and tokens. -#}
{% macro claude_spend_rates() %}
        list_cost_usd - cost_usd as discount_usd,
        {{ claude_analytics.claude_quotient('(list_cost_usd - cost_usd)', 'list_cost_usd', factor=100) }} as discount_rate,
        {{ claude_analytics.claude_quotient(
            'cache_read_tokens',
            '(uncached_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens)',
        ) }} as cache_read_share,
        {{ claude_analytics.claude_quotient('cost_usd', 'total_tokens', 'money', factor=1000000) }} as cost_per_million_tokens
{%- endmacro %}

{#- The columns that are added up over days. -#}
{% macro claude_spend_sums() %}
  {{- return([
    'cost_usd', 'list_cost_usd', 'unknown_row_count', 'total_tokens', 'uncached_input_tokens',
    'cache_read_tokens', 'cache_write_5m_tokens', 'cache_write_1h_tokens', 'output_tokens',
    'request_count',
  ]) -}}
{% endmacro %}

{#- Months of usage and cost: those of the streams that are switched on. -#}
{% macro claude_spend_months() %}
  {%- set streams = ['usage', 'cost'] | select('in', claude_analytics.claude_streams()) | list %}
    select
        organization,
        month_start,
        count(case when is_read then 1 end) = day_count as is_read,
        count(case when is_complete then 1 end) = day_count as is_complete,
        count(case when state = 'settled' then 1 end) = day_count as is_settled,
        count(case when is_complete and stream = 'cost' then 1 end) * {{ [streams | length, 1] | max }} = day_count as is_cost_complete
    from (
        select
            *,
            {{ claude_analytics.claude_month_start('date') }} as month_start,
            {{ claude_analytics.claude_days_between(
                claude_analytics.claude_month_start('date'),
                claude_analytics.claude_add_months(claude_analytics.claude_month_start('date'), 1),
            ) }} * {{ [streams | length, 1] | max }} as day_count
        from {{ ref('claude_days') }}
        where stream in ('usage', 'cost')
    ) as days
    group by organization, month_start, day_count
{%- endmacro %}
