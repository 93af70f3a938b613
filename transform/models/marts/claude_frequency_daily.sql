with days as (

    select
        organization,
        date,
        {% for state in ('read', 'complete') %}
        sum(case when is_{{ state }} then 1 else 0 end) over (
            partition by organization order by date rows between 27 preceding and current row
        ) = 28 as are_{{ state }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('claude_days') }}
    where stream = 'user_summaries'

),

classes as (

    {% for class in ('most days', 'weekly', 'now and then', 'once', 'none') %}
    select '{{ class }}' as frequency
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

users as (

    select organization, date, frequency, count(*) as user_count
    from {{ ref('claude_engagement_28') }}
    where frequency is not null
    group by organization, date, frequency

),

-- Members who were not there in the 28 days; a row for each snapshot.
absent as (

    select
        members.organization,
        members.date,
        count(case when engagement.user_id is null then 1 end) as user_count
    from {{ ref('stg_claude_analytics__members') }} as members
    left join {{ ref('claude_engagement_28') }} as engagement
        on members.organization = engagement.organization
        and members.date = engagement.date
        and members.user_id = engagement.user_id
    group by members.organization, members.date

),

counted as (

    select
        days.organization,
        days.date,
        classes.frequency,
        days.are_complete as is_complete,
        case
            when not days.are_read then null
            when classes.frequency = 'none' then absent.user_count
            else coalesce(users.user_count, 0)
        end as user_count
    from days
    cross join classes
    left join users
        on days.organization = users.organization
        and days.date = users.date
        and classes.frequency = users.frequency
    left join absent
        on days.organization = absent.organization and days.date = absent.date

),

final as (

    select
        *,
        case
            when frequency <> 'none'
                then {{ claude_analytics.claude_quotient(
                    'user_count',
                    "sum(case when frequency <> 'none' then user_count end) over (partition by organization, date)",
                ) }}
        end as frequency_share
    from counted

)

{{ claude_analytics.claude_select('final') }}
