{{ config(enabled=var('claude_analytics__using_members')) }}

with members as (

    {{ claude_analytics.claude_latest_snapshot('members') }}

),

activity as (

    select organization, min(date) as first_day
    from {{ ref('claude_days') }}
    where stream = 'user_summaries' and is_read
    group by organization

),

users as (

    select members.organization, members.user_id, max(users.date) as last_active_date
    from members
    inner join {{ ref('claude_users_daily') }} as users
        on members.organization = users.organization
        and members.user_id = users.user_id
        and users.date <= members.date
        and users.is_active
    group by members.organization, members.user_id

),

final as (

    select
        members.organization,
        members.user_id,
        members.email as email_address,
        members.name,
        members.role,
        members.added_at,
        members.date as snapshot_date,
        users.last_active_date,
        {{ claude_analytics.claude_days_between('users.last_active_date', 'members.date') }} as days_since_active,
        case when activity.first_day is not null then users.user_id is null end as is_never_active,
        activity.first_day as activity_from
    from members
    left join users
        on members.organization = users.organization and members.user_id = users.user_id
    left join activity on members.organization = activity.organization

)

{{ claude_analytics.claude_select('final') }}
