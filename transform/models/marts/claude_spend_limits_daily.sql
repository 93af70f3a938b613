{{ config(enabled=var('claude_analytics__using_spend_limits')) }}

with limits as (

    select
        *,
        amount_in_currency as limit_amount,
        period_to_date_spend_in_currency as spent_amount,
        amount is null as is_unlimited,
        coalesce(amount = 0, false) as is_included_usage_only,
        case period
            when 'daily' then date
            when 'weekly' then {{ claude_analytics.claude_week_start('date') }}
            when 'monthly' then {{ claude_analytics.claude_month_start('date') }}
        end as period_start,
        coalesce(
            source__user_id, source__seat_tier, source__rbac_group_id, source__service, source__workspace_id
        ) as source_id
    from {{ ref('stg_claude_analytics__spend_limits') }}

),

latest as (

    select organization, max(date) as date
    from {{ ref('claude_days') }}
    where stream = 'spend_limits' and is_read
    group by organization

),

-- Cost of each period, where at least one day of it was read.
costs as (

    select
        limits.organization,
        limits.date,
        limits.actor_id,
        limits.period,
        coalesce(sum(spend.cost_usd), 0) as cost_usd
    from limits
    inner join {{ ref('claude_days') }} as days
        on limits.organization = days.organization
        and days.stream = 'cost'
        and days.is_read
        and days.date between limits.period_start and limits.date
    left join {{ ref('claude_spend_daily') }} as spend
        on days.organization = spend.organization
        and days.date = spend.date
        and spend.actor_type = 'user_actor'
        and limits.actor_id = spend.actor_id
    where limits.actor__type = 'user_actor'
    group by limits.organization, limits.date, limits.actor_id, limits.period

),

names as (

    {{ claude_analytics.claude_team_names() }}

),

joined as (

    select
        limits.*,
        limits.actor__type as actor_type,
        limits.actor__email_address as email_address,
        limits.actor__name as name,
        limits.source__type as source_level,
        case
            when limits.source__rbac_group_id is not null
                then coalesce(names.team_name, limits.source_id)
            else limits.source_id
        end as source_name,
        costs.cost_usd as cost_same_period_usd,
        case
            when limits.currency = 'USD' then limits.spent_amount - costs.cost_usd
        end as difference_usd,
        -- The API answers 0 also where it cannot tell.
        coalesce(limits.period_to_date_spend = 0 and costs.cost_usd > 0, false) as is_spend_unknown,
        coalesce(limits.date = latest.date, false) as is_latest
    from limits
    left join costs
        on limits.organization = costs.organization
        and limits.date = costs.date
        and limits.actor_id = costs.actor_id
        and limits.period = costs.period
    left join latest on limits.organization = latest.organization
    left join names
        on limits.organization = names.organization
        and limits.source__rbac_group_id = names.rbac_group_id

),

shares as (

    select
        *,
        case
            when not is_spend_unknown then {{ claude_analytics.claude_quotient('period_to_date_spend', 'amount') }}
        end as spent_share
    from joined

),

final as (

    select
        *,
        case
            when is_unlimited then 'unlimited'
            when is_included_usage_only then 'included usage only'
            when spent_share is null then 'unknown'
            when spent_share > 1 then 'over'
            when spent_share >= {{ var('claude_analytics__limit_high') }} then 'high'
            when spent_share >= {{ var('claude_analytics__limit_raised') }} then 'raised'
            else 'below'
        end as state
    from shares

)

{{ claude_analytics.claude_select('final') }}
