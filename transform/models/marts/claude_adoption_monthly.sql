with days as (

    select
        *,
        {{ claude_analytics.claude_month_start('date') }} as month_start,
        {{ claude_analytics.claude_days_between(claude_analytics.claude_week_start('date'), 'date') }} < 5 as is_weekday
    from {{ ref('claude_adoption_daily') }}

),

ends as (

    select
        *,
        {{ claude_analytics.claude_month_end('month_start') }} as month_end
    from days

),

months as (

    select
        organization,
        month_start,
        month_end,
        product,
        max(window_days) as window_days,
        max(case when date = month_end then monthly_active_user_count end) as trailing_active_user_count,
        max(case when date = month_end then assigned_seat_count end) as assigned_seat_count,
        max(case when date = month_end then monthly_adoption_rate end) as trailing_adoption_rate,
        count(*) = {{ claude_analytics.claude_days_between('month_start', 'month_end') }} + 1 as has_all_days,
        count(case when is_weekday then 1 end) as weekday_count,
        count(case when is_weekday then daily_active_user_count end) as known_weekday_count,
        sum(case when is_weekday then daily_active_user_count end) as weekday_users,
        {{ claude_analytics.claude_every('is_complete') }} as is_complete
    from ends
    group by organization, month_start, month_end, product

),

people as (

    select organization, period_start, family_active_user_count
    from {{ ref('claude_active_users') }}
    where period_grain = 'month' and product_family = 'all'

),

final as (

    select
        months.organization,
        months.month_start,
        months.month_end,
        months.product,
        months.window_days,
        months.trailing_active_user_count,
        months.assigned_seat_count,
        months.trailing_adoption_rate,
        case
            when months.has_all_days and months.weekday_count = months.known_weekday_count
                then {{ claude_analytics.claude_quotient('months.weekday_users', 'months.weekday_count') }}
        end as weekday_daily_active_avg,
        people.family_active_user_count as calendar_active_user_count,
        months.has_all_days and months.is_complete as is_complete
    from months
    left join people
        on months.organization = people.organization
        and months.month_start = people.period_start
        and months.product = 'all'

)

{{ claude_analytics.claude_select('final') }}
