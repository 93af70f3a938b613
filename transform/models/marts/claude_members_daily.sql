{{ config(enabled=var('claude_analytics__using_members')) }}

with snapshots as (

    select organization, date
    from {{ ref('claude_days') }}
    where stream = 'members' and is_read

),

-- The activity known at each snapshot: from the first day loaded to the last one before it.
known as (

    select
        snapshots.organization,
        snapshots.date,
        min(days.date) as activity_from,
        max(days.date) as activity_to
    from snapshots
    left join {{ ref('claude_days') }} as days
        on snapshots.organization = days.organization
        and days.stream = 'user_summaries'
        and days.is_read
        and days.date <= snapshots.date
    group by snapshots.organization, snapshots.date

),

-- How many of the 30 days up to the last one were read.
read as (

    select known.organization, known.date, count(*) as day_count
    from known
    inner join {{ ref('claude_days') }} as days
        on known.organization = days.organization
        and days.stream = 'user_summaries'
        and days.is_read
        and days.date > {{ claude_analytics.claude_add_days('known.activity_to', -30) }}
        and days.date <= known.activity_to
    group by known.organization, known.date

),

members as (

    select
        members.organization,
        members.date,
        members.user_id,
        max(users.date) as last_active_date
    from {{ ref('stg_claude_analytics__members') }} as members
    left join {{ ref('claude_users_daily') }} as users
        on members.organization = users.organization
        and members.user_id = users.user_id
        and users.date <= members.date
        and users.is_active
    group by members.organization, members.date, members.user_id

),

final as (

    select
        known.organization,
        known.date,
        count(members.user_id) as member_count,
        case
            when max(read.day_count) = 30
                then count(
                    case
                        when members.last_active_date
                            > {{ claude_analytics.claude_add_days('known.activity_to', -30) }}
                            then 1
                    end
                )
        end as member_active_30_count,
        case
            when known.activity_from is not null
                then count(case when members.last_active_date is not null then 1 end)
        end as ever_active_member_count,
        case
            when known.activity_from is not null
                then count(members.user_id) - count(case when members.last_active_date is not null then 1 end)
        end as never_active_member_count,
        known.activity_from,
        known.activity_to
    from known
    left join members
        on known.organization = members.organization and known.date = members.date
    left join read on known.organization = read.organization and known.date = read.date
    group by known.organization, known.date, known.activity_from, known.activity_to

)

{{ claude_analytics.claude_select('final') }}
