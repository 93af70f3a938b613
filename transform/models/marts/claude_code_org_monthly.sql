{%- set counts = ['session', 'lines_added', 'lines_removed', 'commit', 'pull_request', 'accepted', 'rejected'] -%}

with months as (

    {{ claude_analytics.claude_months('user_summaries') }}

),

days as (

    select *, {{ claude_analytics.claude_month_start('date') }} as month_start
    from {{ ref('claude_code_daily') }}

),

sums as (

    select
        organization,
        month_start,
        {{- claude_analytics.claude_code_sums() }}
    from days
    group by organization, month_start

),

people as (

    select organization, period_start as month_start, family_active_user_count
    from {{ ref('claude_active_users') }}
    where period_grain = 'month' and product_family = 'claude_code'

),

cost_months as (

    {{ claude_analytics.claude_code_cost_months() }}

),

costs as (

    select
        organization,
        {{ claude_analytics.claude_month_start('date') }} as month_start,
        count(*) as row_count,
        sum(cost_usd) as cost_usd
    from {{ ref('claude_spend_daily') }}
    where product = 'claude_code'
    group by 1, 2

),

-- Dollars for each piece of work are of the users of whom everything is known.
unit_costs as (

    select
        organization,
        month_start
        {%- for unit in ('session', 'commit', 'pull_request') %},
        {{ claude_analytics.claude_quotient('sum(metered_usd)', 'sum(' ~ unit ~ '_count)', 'money') }} as usd_per_{{ unit }}
        {%- endfor %}
    from {{ ref('claude_code_monthly') }}
    where unknown_day_count = 0
    group by organization, month_start

),

joined as (

    select
        months.organization,
        months.month_start,
        months.is_complete,
        people.family_active_user_count as active_user_count,
        -- A month that was read and has no row of anybody had nothing.
        {%- for count in counts %}
        case
            when sums.month_start is null and months.is_read then 0 else sums.{{ count }}_count
        end as {{ count }}_count,
        {%- endfor %}
        coalesce(sums.unknown_day_count, 0) as unknown_day_count,
        case
            when cost_months.month_start is null then null
            when costs.row_count is null then 0
            else costs.cost_usd
        end as metered_usd
        {%- for unit in ('session', 'commit', 'pull_request') %},
        case
            when months.is_complete and cost_months.is_complete
                and {{ 'false' if var('claude_analytics__plan') == 'seat' else 'true' }}
                then unit_costs.usd_per_{{ unit }}
        end as usd_per_{{ unit }}
        {%- endfor %}
    from months
    left join sums
        on months.organization = sums.organization and months.month_start = sums.month_start
    left join people
        on months.organization = people.organization
        and months.month_start = people.month_start
    left join cost_months
        on months.organization = cost_months.organization
        and months.month_start = cost_months.month_start
    left join unit_costs
        on months.organization = unit_costs.organization
        and months.month_start = unit_costs.month_start
    left join costs
        on months.organization = costs.organization and months.month_start = costs.month_start

),

final as (

    select
        *,
        {{ claude_analytics.claude_quotient('session_count', 'active_user_count') }} as sessions_per_active_user,
        {{- claude_analytics.claude_code_rates() }}
    from joined

)

{{ claude_analytics.claude_select('final') }}
