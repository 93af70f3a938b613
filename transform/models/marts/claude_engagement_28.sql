{%- set families = ['chat_cowork', 'claude_code', 'office', 'design', 'science'] -%}
{%- set latest_28 = 'order by date rows between 27 preceding and current row' -%}

with days as (

    select
        organization,
        date,
        sum(case when is_read then 1 else 0 end) over (
            partition by organization {{ latest_28 }}
        ) = 28 as are_read
    from {{ ref('claude_days') }}
    where stream = 'user_summaries'

),

activity as (

    select * from {{ ref('claude_users_daily') }}
    where is_active

),

firsts as (

    select organization, user_id, min(date) as first_date
    from activity
    group by organization, user_id

),

-- Every day of a user since the first active one, so that 28 rows are 28 days.
dense as (

    select
        days.organization,
        days.date,
        firsts.user_id,
        days.are_read,
        case when activity.user_id is not null then 1 else 0 end as active_day
        {%- for family in families %},
        case when activity.is_active_{{ family }} then 1 else 0 end as {{ family }}_day
        {%- endfor %}
    from days
    inner join firsts
        on days.organization = firsts.organization and days.date >= firsts.first_date
    left join activity
        on days.organization = activity.organization
        and days.date = activity.date
        and firsts.user_id = activity.user_id

),

windows as (

    select
        organization,
        date,
        user_id,
        are_read,
        sum(active_day) over (partition by organization, user_id {{ latest_28 }}) as active_days
        {%- for family in families %},
        max({{ family }}_day) over (partition by organization, user_id {{ latest_28 }}) as {{ family }}
        {%- endfor %}
    from dense

),

final as (

    select
        organization,
        date,
        user_id,
        case when are_read then active_days end as active_days_28,
        case when are_read then {{ claude_analytics.claude_total(families) }} end as families_28,
        case when are_read then {{ claude_analytics.claude_frequency('active_days') }} end as frequency
    from windows
    where active_days > 0

)

{{ claude_analytics.claude_select('final') }}
