with days as (

    select *, {{ claude_analytics.claude_month_start('date') }} as month_start
    from {{ ref('claude_code_daily') }}

),

sums as (

    select
        organization,
        month_start,
        user_id,
        count(case when is_active then 1 end) as active_day_count,
        {{- claude_analytics.claude_code_sums() }}
    from days
    group by organization, month_start, user_id

),

months as (

    {{ claude_analytics.claude_months('user_summaries') }}

),

cost_months as (

    {{ claude_analytics.claude_code_cost_months() }}

),

costs as (

    select
        organization,
        {{ claude_analytics.claude_month_start('date') }} as month_start,
        actor_id as user_id,
        sum(cost_usd) as cost_usd
    from {{ ref('claude_spend_daily') }}
    where product = 'claude_code' and actor_type = 'user_actor'
    group by 1, 2, 3

),

joined as (

    select
        sums.*,
        users.email_address,
        months.is_complete,
        coalesce(cost_months.is_complete, false) as is_cost_complete,
        case
            when cost_months.month_start is null then null
            when costs.user_id is null then 0
            else costs.cost_usd
        end as metered_usd
    from sums
    inner join months
        on sums.organization = months.organization and sums.month_start = months.month_start
    left join cost_months
        on sums.organization = cost_months.organization
        and sums.month_start = cost_months.month_start
    left join costs
        on sums.organization = costs.organization
        and sums.month_start = costs.month_start
        and sums.user_id = costs.user_id
    left join {{ ref('claude_users') }} as users
        on sums.organization = users.organization and sums.user_id = users.user_id

),

final as (

    select
        *,
        {{- claude_analytics.claude_code_rates() }},
        {%- for unit in ('session', 'commit', 'pull_request') %}
        case
            when is_complete and is_cost_complete and unknown_day_count = 0
                and {{ 'false' if var('claude_analytics__plan') == 'seat' else 'true' }}
                then {{ claude_analytics.claude_quotient('metered_usd', unit ~ '_count', 'money') }}
        end as usd_per_{{ unit }}{{ ',' if not loop.last }}
        {%- endfor %}
    from joined

)

{{ claude_analytics.claude_select('final') }}
