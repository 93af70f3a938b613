{#- Figures of Claude Code of a user or team, as `user_summaries` and `team_summaries` have them. -#}

{% macro claude_code_tools() %}
  {{- return(['edit', 'write', 'multi_edit', 'notebook_edit']) -}}
{% endmacro %}

{#- Whether a count of Claude Code is known to be above 0. -#}
{% macro claude_code_is_active() -%}
  {%- set counts = [
      'claude_code_distinct_session_count',
      'claude_code_commit_count',
      'claude_code_pull_request_count',
  ] -%}
  {%- for tool in claude_analytics.claude_code_tools() -%}
    {%- do counts.append('claude_code_' ~ tool ~ '_tool_accepted_count') -%}
    {%- do counts.append('claude_code_' ~ tool ~ '_tool_rejected_count') -%}
  {%- endfor -%}
  {{ claude_analytics.claude_any_used(counts) }}
{%- endmacro %}

{#- Whether accepted and rejected edits of a tool are both known. -#}
{% macro claude_code_is_known(tool) -%}
  claude_code_{{ tool }}_tool_accepted_count is not null
  and claude_code_{{ tool }}_tool_rejected_count is not null
{%- endmacro %}

{#- The columns that the marts of users and of teams share: of one day. Edits of a tool count
    only where both answers are known, so that rates are of what is known. -#}
{% macro claude_code_figures() %}
        claude_code_distinct_session_count as session_count,
        claude_code_lines_added_count as lines_added_count,
        claude_code_lines_removed_count as lines_removed_count,
        claude_code_commit_count as commit_count,
        claude_code_pull_request_count as pull_request_count,
        {%- for answer in ('accepted', 'rejected') %}
        case
            when {% for tool in claude_analytics.claude_code_tools() %}{{ 'or ' if not loop.first }}({{ claude_analytics.claude_code_is_known(tool) }})
            {% endfor %}then
            {%- for tool in claude_analytics.claude_code_tools() %}
                {{ '+ ' if not loop.first }}case when {{ claude_analytics.claude_code_is_known(tool) }} then claude_code_{{ tool }}_tool_{{ answer }}_count else 0 end
            {%- endfor %}
        end as {{ answer }}_count,
        {%- endfor %}
        {%- for tool in claude_analytics.claude_code_tools() %}
        {{ '+ ' if not loop.first }}case when {{ claude_analytics.claude_code_is_known(tool) }} then 0 else 1 end
        {%- endfor %} as unknown_tool_count
{%- endmacro %}

{#- Decided edits and the rate of accepted ones, from sums. -#}
{% macro claude_code_rates() %}
        accepted_count + rejected_count as decided_count,
        {{ claude_analytics.claude_quotient('accepted_count', '(accepted_count + rejected_count)', factor=100) }} as acceptance_rate
{%- endmacro %}

{#- Sums of days, of what is known, and how many days are not wholly known. -#}
{% macro claude_code_sums() %}
        {%- for count in ('session', 'lines_added', 'lines_removed', 'commit', 'pull_request', 'accepted', 'rejected') %}
        sum({{ count }}_count) as {{ count }}_count,
        {%- endfor %}
        count(
            case
                when unknown_tool_count > 0
                    {%- for count in ('session', 'lines_added', 'lines_removed', 'commit', 'pull_request') %}
                    or {{ count }}_count is null
                    {%- endfor %}
                    then 1
            end
        ) as unknown_day_count
{%- endmacro %}

{#- Months of `user_summaries` or `team_summaries`: whether all days were read, and completely. -#}
{% macro claude_months(stream) %}
    select
        organization,
        month_start,
        count(case when is_read then 1 end) = {{ claude_analytics.claude_days_between('month_start', claude_analytics.claude_add_months('month_start', 1)) }} as is_read,
        count(case when is_complete then 1 end) = {{ claude_analytics.claude_days_between('month_start', claude_analytics.claude_add_months('month_start', 1)) }} as is_complete
    from (
        select *, {{ claude_analytics.claude_month_start('date') }} as month_start
        from {{ ref('claude_days') }}
        where stream = '{{ stream }}'
    ) as days
    group by organization, month_start
{%- endmacro %}

{#- Dollars of Claude Code by month, of users, and whether they are known: the organisation's
    cost has to be read by product and actor. -#}
{% macro claude_code_cost_months() %}
    select
        months.organization,
        months.month_start,
        months.is_complete
    from ({{ claude_analytics.claude_months('cost') }}) as months
    inner join (
        select organization
        from {{ ref('claude_spend_daily') }}
        where product is not null and actor_type = 'user_actor' and cost_usd is not null
        group by organization
    ) as grouped on months.organization = grouped.organization
    where months.is_read
{%- endmacro %}
