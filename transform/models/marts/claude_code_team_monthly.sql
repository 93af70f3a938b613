{{ config(enabled=var('claude_analytics__using_team_summaries')) }}

with days as (

    select *, {{ claude_analytics.claude_month_start('date') }} as month_start
    from {{ ref('claude_code_team_daily') }}

),

sums as (

    select
        organization,
        month_start,
        rbac_group_id,
        team_name,
        {{- claude_analytics.claude_code_sums() }}
    from days
    group by organization, month_start, rbac_group_id, team_name

),

months as (

    {{ claude_analytics.claude_months('team_summaries') }}

),

members as (

    {{ claude_analytics.claude_latest_snapshot('team_members') }}

),

-- Who is in a team now and was active in a month that was read.
actives as (

    select
        members.organization,
        members.rbac_group_id,
        people.month_start,
        count(distinct people.user_id) as user_count
    from members
    inner join (
        select organization, user_id, {{ claude_analytics.claude_month_start('date') }} as month_start
        from {{ ref('claude_code_daily') }}
        where is_active
    ) as people
        on members.organization = people.organization and members.user_id = people.user_id
    group by members.organization, members.rbac_group_id, people.month_start

),

known_teams as (

    select distinct organization, rbac_group_id from members

),

user_months as (

    {{ claude_analytics.claude_months('user_summaries') }}

),

final as (

    select
        sums.*,
        months.is_complete,
        case
            when known_teams.rbac_group_id is not null and user_months.is_read
                then coalesce(actives.user_count, 0)
        end as current_members_active_count,
        {{- claude_analytics.claude_code_rates() }}
    from sums
    inner join months
        on sums.organization = months.organization and sums.month_start = months.month_start
    left join user_months
        on sums.organization = user_months.organization
        and sums.month_start = user_months.month_start
    left join known_teams
        on sums.organization = known_teams.organization
        and sums.rbac_group_id = known_teams.rbac_group_id
    left join actives
        on sums.organization = actives.organization
        and sums.rbac_group_id = actives.rbac_group_id
        and sums.month_start = actives.month_start

)

{{ claude_analytics.claude_select('final') }}
