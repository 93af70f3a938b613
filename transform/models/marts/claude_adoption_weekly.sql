with days as (

    select
        *,
        {{ claude_analytics.claude_week_start('date') }} as week_start
    from {{ ref('claude_adoption_daily') }}

),

numbered as (

    select
        *,
        {{ claude_analytics.claude_days_between('week_start', 'date') }} as day_of_week
    from days

),

weeks as (

    select
        organization,
        week_start,
        {{ claude_analytics.claude_add_days('week_start', 6) }} as week_end,
        product,
        max(case when day_of_week = 6 then weekly_active_user_count end) as weekly_active_user_count,
        max(case when day_of_week = 6 then assigned_seat_count end) as assigned_seat_count,
        max(case when day_of_week = 6 then weekly_adoption_rate end) as weekly_adoption_rate,
        count(case when day_of_week < 5 then daily_active_user_count end) as weekday_count,
        sum(case when day_of_week < 5 then daily_active_user_count end) as weekday_users,
        count(*) = 7 and {{ claude_analytics.claude_every('is_complete') }} as is_complete
    from numbered
    group by organization, week_start, product

),

people as (

    select organization, period_start, family_active_user_count
    from {{ ref('claude_active_users') }}
    where period_grain = 'week' and product_family = 'all'

),

final as (

    select
        weeks.*,
        case
            when weeks.weekday_count = 5
                then {{ claude_analytics.claude_quotient('weeks.weekday_users', 5) }}
        end as weekday_daily_active_avg,
        people.family_active_user_count as calendar_active_user_count
    from weeks
    left join people
        on weeks.organization = people.organization
        and weeks.week_start = people.period_start
        and weeks.product = 'all'

)

{{ claude_analytics.claude_select('final') }}
