{{ config(enabled=var('claude_analytics__using_teams')) }}

with teams as (

    {{ claude_analytics.claude_latest_snapshot('teams') }}

),

members as (

    select organization, rbac_group_id, count(*) as member_count
    from ({{ claude_analytics.claude_latest_snapshot('team_members') }}) as latest
    group by organization, rbac_group_id

),

snapshots as (

    select distinct organization from {{ ref('claude_days') }}
    where stream = 'team_members' and is_read

),

final as (

    select
        teams.organization,
        teams.rbac_group_id,
        teams.name as team_name,
        teams.source_type,
        teams.created_at,
        teams.updated_at,
        case
            when snapshots.organization is not null then coalesce(members.member_count, 0)
        end as member_count,
        teams.date as snapshot_date
    from teams
    left join members
        on teams.organization = members.organization
        and teams.rbac_group_id = members.rbac_group_id
    left join snapshots on teams.organization = snapshots.organization

)

{{ claude_analytics.claude_select('final') }}
