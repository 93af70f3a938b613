{%- set families = ['chat_cowork', 'claude_code', 'office', 'design', 'science'] -%}
{%- set grains = {
    'day': ('date', 'date'),
    'week': (
        claude_analytics.claude_week_start('date'),
        claude_analytics.claude_add_days(claude_analytics.claude_week_start('date'), 6),
    ),
    'month': (
        claude_analytics.claude_month_start('date'),
        claude_analytics.claude_month_end(claude_analytics.claude_month_start('date')),
    ),
} -%}
{%- set previous = {
    'day': claude_analytics.claude_add_days('period_start', -1),
    'week': claude_analytics.claude_add_days('period_start', -7),
    'month': claude_analytics.claude_add_months('period_start', -1),
} -%}

with days as (

    select
        *,
        -- Days not read from the first one loaded up to this one.
        sum(case when is_read then 0 else 1 end) over (
            partition by organization
            order by date rows between unbounded preceding and current row
        ) as unread_day_count
    from {{ ref('claude_days') }}
    where stream = 'user_summaries'

),

spans as (

    {% for grain, span in grains.items() %}
    select
        organization,
        date,
        '{{ grain }}' as period_grain,
        {{ span[0] }} as period_start,
        {{ span[1] }} as period_end,
        is_read,
        is_complete,
        unread_day_count
    from days
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

periods as (

    select
        organization,
        period_grain,
        period_start,
        period_end,
        count(case when is_read then 1 end)
        = {{ claude_analytics.claude_days_between('period_start', 'period_end') }} + 1 as is_read,
        count(case when is_complete then 1 end)
        = {{ claude_analytics.claude_days_between('period_start', 'period_end') }} + 1 as is_complete,
        max(unread_day_count) as unread_day_count
    from spans
    group by organization, period_grain, period_start, period_end

),

families as (

    {% for family in ['all'] + families %}
    select '{{ family }}' as product_family
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- Each user once a period and family.
users as (

    {% for grain, span in grains.items() %}
    {% set last_grain = loop.last %}
    {% for family in ['all'] + families %}
    select distinct
        organization,
        '{{ grain }}' as period_grain,
        {{ span[0] }} as period_start,
        '{{ family }}' as product_family,
        user_id
    from {{ ref('claude_users_daily') }}
    where {{ 'is_active' if family == 'all' else 'is_active_' ~ family }}
    {{ 'union all' if not (last_grain and loop.last) }}
    {% endfor %}
    {% endfor %}

),

histories as (

    select
        *,
        lag(period_start) over (
            partition by organization, period_grain, product_family, user_id
            order by period_start
        ) as last_period_start,
        case period_grain
            {% for grain, start in previous.items() %}
            when '{{ grain }}' then {{ start }}
            {% endfor %}
        end as previous_start
    from users

),

counts as (

    select
        organization,
        period_grain,
        period_start,
        product_family,
        count(*) as active_count,
        count(case when last_period_start is null then 1 end) as new_count,
        count(case when last_period_start = previous_start then 1 end) as retained_count,
        count(case when last_period_start < previous_start then 1 end) as returning_count
    from histories
    group by organization, period_grain, period_start, product_family

),

-- How many families each user used.
breadths as (

    select organization, period_grain, period_start, count(*) as used_count, count(distinct user_id) as user_count
    from users
    where product_family <> 'all'
    group by organization, period_grain, period_start

),

filled as (

    select
        periods.*,
        families.product_family,
        case when periods.is_read then coalesce(counts.active_count, 0) end as family_active_user_count,
        coalesce(counts.new_count, 0) as new_count,
        coalesce(counts.retained_count, 0) as retained_count,
        coalesce(counts.returning_count, 0) as returning_count,
        {{ claude_analytics.claude_quotient('breadths.used_count', 'breadths.user_count') }} as breadth
    from periods
    cross join families
    left join counts
        on periods.organization = counts.organization
        and periods.period_grain = counts.period_grain
        and periods.period_start = counts.period_start
        and families.product_family = counts.product_family
    left join breadths
        on periods.organization = breadths.organization
        and periods.period_grain = breadths.period_grain
        and periods.period_start = breadths.period_start

),

-- Periods are dense, so that the row before is the period before.
compared as (

    select
        *,
        row_number() over (
            partition by organization, period_grain, product_family order by period_start
        ) as place,
        lag(family_active_user_count) over (
            partition by organization, period_grain, product_family order by period_start
        ) as previous_active_count
    from filled

),

final as (

    select
        *,
        case
            when product_family = 'all' and is_read and place > 1 and unread_day_count = 0
                then new_count
        end as new_user_count,
        case
            when product_family = 'all' and is_read and previous_active_count is not null
                then retained_count
        end as retained_user_count,
        case
            when product_family = 'all' and is_read and previous_active_count is not null
                and unread_day_count = 0
                then returning_count
        end as returning_user_count,
        case
            when product_family = 'all' and is_complete
                then previous_active_count - retained_count
        end as lost_user_count,
        case when product_family = 'all' and is_read then breadth end as products_used_avg
    from compared

)

{{ claude_analytics.claude_select('final') }}
