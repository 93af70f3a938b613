with ids as (

    select organization, user_id from {{ ref('stg_claude_analytics__user_summaries') }}
    union
    select organization, actor_id as user_id from {{ ref('stg_claude_analytics__cost') }}
    where actor_type = 'user_actor' and actor_id is not null
    union
    select organization, actor_id as user_id from {{ ref('stg_claude_analytics__usage') }}
    where actor_type = 'user_actor' and actor_id is not null
    union
    select organization, user_id from {{ ref('stg_claude_analytics__members') }}

),

members as (

    {{ claude_analytics.claude_latest_snapshot('members') }}

),

addresses as (

    select
        organization,
        user_id,
        email_address,
        row_number() over (
            partition by organization, user_id order by date desc, priority, email_address
        ) as place
    from (
        select organization, user_id, email_address, date, 1 as priority
        from {{ ref('stg_claude_analytics__user_summaries') }}
        union all
        select organization, actor_id, actor_email_address, date, 2
        from {{ ref('stg_claude_analytics__cost') }}
        where actor_type = 'user_actor'
        union all
        select organization, actor_id, actor_email_address, date, 3
        from {{ ref('stg_claude_analytics__usage') }}
        where actor_type = 'user_actor'
        union all
        select organization, user_id, email, date, 4
        from {{ ref('stg_claude_analytics__members') }}
    ) as known
    where email_address is not null

),

activity as (

    select
        organization,
        user_id,
        min(date) as first_active_date,
        max(date) as last_active_date
    from {{ ref('claude_users_daily') }}
    where is_active
    group by organization, user_id

),

-- The last day of activity read, and whether it and the 27 days before it were read.
latest as (

    select
        days.organization,
        max(days.date) as date,
        count(*) = 28 as are_read
    from {{ ref('claude_days') }} as days
    inner join (
        select organization, max(date) as last_day
        from {{ ref('claude_days') }}
        where stream = 'user_summaries'
        group by organization
    ) as last_days
        on days.organization = last_days.organization
        and days.date > {{ claude_analytics.claude_add_days('last_days.last_day', -28) }}
    where days.stream = 'user_summaries' and days.is_read
    group by days.organization

),

-- The last month of which all cost was read completely, if it was read by actor.
cost_months as (

    select months.organization, max(months.month_start) as month_start
    from ({{ claude_analytics.claude_months('cost') }}) as months
    inner join (
        select distinct organization from {{ ref('stg_claude_analytics__cost') }}
        where actor_type = 'user_actor'
    ) as grouped on months.organization = grouped.organization
    where months.is_complete
    group by months.organization

),

costs as (

    select
        spend.organization,
        spend.actor_id as user_id,
        count(*) as row_count,
        sum(spend.cost_usd) as cost_usd
    from {{ ref('claude_spend_daily') }} as spend
    inner join cost_months
        on spend.organization = cost_months.organization
        and {{ claude_analytics.claude_month_start('spend.date') }} = cost_months.month_start
    where spend.actor_type = 'user_actor' and (spend.cost_usd is not null or spend.unknown_row_count > 0)
    group by spend.organization, spend.actor_id

),

deletions as (

    select
        organization,
        actor_id as user_id,
        actor__deleted as is_deleted,
        row_number() over (
            partition by organization, actor_id
            order by date desc, case when actor__deleted then 0 else 1 end
        ) as place
    from {{ ref('stg_claude_analytics__cost') }}
    where actor_type = 'user_actor' and actor__deleted is not null

),

-- Whether members are loaded at all.
snapshots as (

    select distinct organization from {{ ref('claude_days') }}
    where stream = 'members' and is_read

),

known as (

    select
        ids.organization,
        ids.user_id,
        addresses.email_address
    from ids
    left join addresses
        on ids.organization = addresses.organization
        and ids.user_id = addresses.user_id
        and addresses.place = 1

),

-- A member whom no id matches may be found by an address that only one user has.
by_address as (

    select
        known.organization,
        lower(known.email_address) as email_address,
        min(known.user_id) as user_id,
        count(*) as user_count
    from known
    left join members
        on known.organization = members.organization and known.user_id = members.user_id
    where members.user_id is null and known.email_address is not null
    group by known.organization, lower(known.email_address)

),

strangers as (

    select
        members.*,
        by_address.user_id as matched_user_id,
        row_number() over (
            partition by members.organization, by_address.user_id order by members.user_id
        ) as place
    from members
    inner join by_address
        on members.organization = by_address.organization
        and lower(members.email) = by_address.email_address
    left join activity
        on members.organization = activity.organization
        and members.user_id = activity.user_id
    where by_address.user_count = 1 and activity.user_id is null

),

final as (

    select
        known.organization,
        known.user_id,
        known.email_address,
        activity.first_active_date,
        activity.last_active_date,
        case when latest.are_read then coalesce(engagement.active_days_28, 0) end as active_days_28,
        case
            when latest.are_read
                then {{ claude_analytics.claude_frequency('coalesce(engagement.active_days_28, 0)') }}
        end as frequency,
        case when latest.are_read then coalesce(engagement.families_28, 0) end as families_28,
        cost_months.month_start as cost_month_start,
        case
            when cost_months.month_start is null then null
            when costs.row_count is null then 0
            else costs.cost_usd
        end as cost_last_full_month_usd,
        deletions.is_deleted,
        case
            when snapshots.organization is not null
                then members.user_id is not null or strangers.user_id is not null
        end as is_member,
        case
            when members.user_id is not null then 'user_id'
            when strangers.user_id is not null then 'email_address'
        end as matched_by,
        coalesce(members.name, strangers.name) as name,
        coalesce(members.role, strangers.role) as role,
        coalesce(members.added_at, strangers.added_at) as joined_at
    from known
    left join activity
        on known.organization = activity.organization and known.user_id = activity.user_id
    left join latest on known.organization = latest.organization
    left join {{ ref('claude_engagement_28') }} as engagement
        on known.organization = engagement.organization
        and known.user_id = engagement.user_id
        and latest.date = engagement.date
    left join cost_months on known.organization = cost_months.organization
    left join costs
        on known.organization = costs.organization and known.user_id = costs.user_id
    left join deletions
        on known.organization = deletions.organization
        and known.user_id = deletions.user_id
        and deletions.place = 1
    left join snapshots on known.organization = snapshots.organization
    left join members
        on known.organization = members.organization and known.user_id = members.user_id
    left join strangers
        on known.organization = strangers.organization
        and known.user_id = strangers.matched_user_id
        and strangers.place = 1

)

{{ claude_analytics.claude_select('final') }}
