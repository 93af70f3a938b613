with streams as (

    {% for organization, schema in claude_analytics.claude_organizations() %}
    {% set last_organization = loop.last %}
    {% for stream in claude_analytics.claude_streams() or ['none'] %}
    select '{{ organization }}' as organization, '{{ stream }}' as stream
    {{ 'union all' if not (last_organization and loop.last) }}
    {% endfor %}
    {% endfor %}

),

days as (

    select
        organization,
        stream,
        min(date) as first_read_day,
        max(date) as last_read_day,
        max(case when is_complete then date end) as last_complete_day,
        max(read_at) as last_read_at,
        count(case when not is_read then 1 end) as missing_day_count,
        count(case when is_read and not is_complete then 1 end) as incomplete_day_count,
        count(case when row_count = 0 then 1 end) as empty_day_count
    from {{ ref('claude_days') }}
    group by organization, stream

),

-- People whose activity is more than messages to Claude Tag, against the API's own count.
differences as (

    select
        seats.organization,
        {{ claude_analytics.claude_quotient('users.active_count - api.daily_active_user_count', 'api.daily_active_user_count', factor=100) }} as difference,
        row_number() over (partition by seats.organization order by seats.date desc) as place
    from {{ ref('claude_seats_daily') }} as seats
    inner join {{ ref('stg_claude_analytics__org_summaries') }} as api
        on seats.organization = api.organization and seats.date = api.date
    inner join (
        select
            days.organization,
            days.date,
            count(
                case
                    when users.families_used_count > 0 or users.web_search_count > 0 then 1
                end
            ) as active_count
        from {{ ref('claude_days') }} as days
        left join {{ ref('claude_users_daily') }} as users
            on days.organization = users.organization and days.date = users.date
        where days.stream = 'user_summaries' and days.is_complete
        group by days.organization, days.date
    ) as users
        on seats.organization = users.organization and seats.date = users.date
    where seats.is_complete

),

final as (

    select
        streams.organization,
        streams.stream,
        days.first_read_day,
        days.last_read_day,
        days.last_complete_day,
        days.last_read_at,
        case
            when streams.stream not in ({{ claude_analytics.claude_snapshot_list() }})
                then days.missing_day_count
        end as missing_day_count,
        days.incomplete_day_count,
        days.empty_day_count,
        {{ claude_analytics.claude_days_between('days.last_complete_day', claude_analytics.claude_today()) }} as days_behind,
        differences.difference as active_user_difference
    from streams
    left join days
        on streams.organization = days.organization and streams.stream = days.stream
    left join differences
        on streams.organization = differences.organization
        and streams.stream = 'user_summaries'
        and differences.place = 1

)

{{ claude_analytics.claude_select('final') }}
