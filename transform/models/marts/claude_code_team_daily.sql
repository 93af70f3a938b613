{{ config(enabled=var('claude_analytics__using_team_summaries')) }}

with teams as (

    select * from {{ ref('stg_claude_analytics__team_summaries') }}

),

names as (

    {{ claude_analytics.claude_team_names() }}

),

days as (

    select * from {{ ref('claude_days') }}
    where stream = 'team_summaries'

),

figures as (

    select
        teams.organization,
        teams.date,
        teams.rbac_group_id,
        coalesce(names.team_name, teams.rbac_group_id) as team_name,
        teams.distinct_user_count as user_count,
        days.is_complete,
        {{- claude_analytics.claude_code_figures() }}
    from teams
    inner join days
        on teams.organization = days.organization and teams.date = days.date
    left join names
        on teams.organization = names.organization
        and teams.rbac_group_id = names.rbac_group_id

),

final as (

    select
        *,
        {{- claude_analytics.claude_code_rates() }}
    from figures

)

{{ claude_analytics.claude_select('final') }}
