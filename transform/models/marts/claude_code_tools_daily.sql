with users as (

    select * from {{ ref('stg_claude_analytics__user_summaries') }}

),

tools as (

    {% for tool in claude_analytics.claude_code_tools() %}
    select
        organization,
        date,
        '{{ tool }}' as tool,
        case when {{ claude_analytics.claude_code_is_known(tool) }} then claude_code_{{ tool }}_tool_accepted_count end as accepted_count,
        case when {{ claude_analytics.claude_code_is_known(tool) }} then claude_code_{{ tool }}_tool_rejected_count end as rejected_count,
        case when {{ claude_analytics.claude_code_is_known(tool) }} then 0 else 1 end as is_unknown
    from users
    union all
    {% endfor %}
    select
        organization,
        date,
        'all' as tool,
        accepted_count,
        rejected_count,
        case when unknown_tool_count > 0 then 1 else 0 end as is_unknown
    from {{ ref('claude_code_daily') }}

),

sums as (

    select
        organization,
        date,
        tool,
        sum(accepted_count) as accepted_count,
        sum(rejected_count) as rejected_count,
        sum(is_unknown) as unknown_user_count
    from tools
    group by organization, date, tool

),

final as (

    select
        sums.*,
        days.is_complete,
        {{- claude_analytics.claude_code_rates() }}
    from sums
    inner join {{ ref('claude_days') }} as days
        on sums.organization = days.organization
        and sums.date = days.date
        and days.stream = 'user_summaries'

)

{{ claude_analytics.claude_select('final') }}
