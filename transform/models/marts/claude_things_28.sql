{%- set kinds = claude_analytics.claude_things() -%}

with windows as (

    {% for kind, thing in kinds.items() %}
    select
        organization,
        '{{ kind }}' as kind,
        {{ claude_analytics.claude_add_days('max(date)', -27) }} as from_date,
        max(date) as to_date
    from {{ ref('claude_days') }}
    where stream = '{{ thing.stream }}'
    group by organization
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- How many of the 28 days were read, of the kind and of the kind by user.
readings as (

    {% for kind, thing in kinds.items() %}
    select
        windows.organization,
        windows.kind,
        count(case when days.stream = '{{ thing.stream }}' then 1 end) as read_day_count,
        count(case when days.stream = '{{ thing.stream }}_by_user' then 1 end) as by_user_day_count
    from windows
    left join {{ ref('claude_days') }} as days
        on windows.organization = days.organization
        and days.stream in ('{{ thing.stream }}', '{{ thing.stream }}_by_user')
        and days.date between windows.from_date and windows.to_date
        and days.is_read
    where windows.kind = '{{ kind }}'
    group by windows.organization, windows.kind
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

users as (

    {% for kind, thing in kinds.items() %}
    select
        windows.organization,
        windows.kind,
        by_user.thing_id,
        count(distinct by_user.user_id) as user_count
    from windows
    inner join (
        select organization, date, {{ thing.id }} as thing_id, user_id
        from {{ ref('stg_claude_analytics__' ~ thing.stream ~ '_by_user') }}
    ) as by_user
        on windows.organization = by_user.organization
        and by_user.date between windows.from_date and windows.to_date
    where windows.kind = '{{ kind }}'
    group by windows.organization, windows.kind, by_user.thing_id
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

sums as (

    select
        things.organization,
        things.kind,
        things.thing_id,
        things.thing_name,
        things.is_bucket,
        things.use_unit,
        windows.from_date,
        windows.to_date,
        sum(things.use_count) as use_count,
        count(case when things.use_count is null then 1 end) as unknown_day_count,
        count(*) as used_day_count,
        max(things.user_count) as most_users_of_a_day,
        sum(things.read_call_count) as read_call_count,
        sum(things.write_call_count) as write_call_count,
        sum(things.unclassified_call_count) as unclassified_call_count
    from {{ ref('claude_things_daily') }} as things
    inner join windows
        on things.organization = windows.organization
        and things.kind = windows.kind
        and things.date between windows.from_date and windows.to_date
    group by
        things.organization,
        things.kind,
        things.thing_id,
        things.thing_name,
        things.is_bucket,
        things.use_unit,
        windows.from_date,
        windows.to_date

),

final as (

    select
        sums.*,
        28 - readings.read_day_count as unread_day_count,
        case
            when readings.by_user_day_count = 28 then coalesce(users.user_count, 0)
        end as user_count_28,
        rank() over (
            partition by sums.organization, sums.kind
            order by
                case when sums.is_bucket then 1 else 0 end,
                case when sums.use_count is null then 1 else 0 end,
                sums.use_count desc
        ) as use_rank
    from sums
    inner join readings
        on sums.organization = readings.organization and sums.kind = readings.kind
    left join users
        on sums.organization = users.organization
        and sums.kind = users.kind
        and sums.thing_id = users.thing_id

)

{{ claude_analytics.claude_select('final') }}
