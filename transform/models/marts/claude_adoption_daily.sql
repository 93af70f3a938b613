with days as (

    select organization, date, is_complete from {{ ref('claude_days') }}
    where stream = 'adoption'

),

adoption as (

    select * from {{ ref('stg_claude_analytics__adoption') }}

),

products as (

    select distinct organization, product from adoption

),

-- Every day and product, so that a window of 28 rows is one of 28 days.
dense as (

    select
        days.organization,
        days.date,
        products.product,
        days.is_complete,
        case
            when products.product in ('claude_tag', 'chat_cowork_unified') then 28 else 30
        end as window_days,
        adoption.daily_active_user_count,
        adoption.weekly_active_user_count,
        adoption.monthly_active_user_count,
        adoption.assigned_seat_count,
        adoption.daily_adoption_rate,
        adoption.weekly_adoption_rate,
        adoption.monthly_adoption_rate
    from days
    inner join products on days.organization = products.organization
    left join adoption
        on days.organization = adoption.organization
        and days.date = adoption.date
        and products.product = adoption.product

),

windows as (

    select
        *,
        count(daily_active_user_count) over (
            partition by organization, product
            order by date rows between 27 preceding and current row
        ) as known_day_count,
        sum(daily_active_user_count) over (
            partition by organization, product
            order by date rows between 27 preceding and current row
        ) as user_day_count
    from dense

),

final as (

    select
        *,
        case
            when product = 'all' and known_day_count = 28
                then {{ claude_analytics.claude_quotient('user_day_count', '28 * monthly_active_user_count') }}
        end as stickiness_28
    from windows

)

{{ claude_analytics.claude_select('final') }}
