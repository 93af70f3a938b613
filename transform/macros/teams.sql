{#- Names of teams: of the latest snapshot of `teams`, else the latest of `team_summaries`, which
    knows none for teams that are gone. -#}
{% macro claude_team_names() %}
    select organization, rbac_group_id, name as team_name
    from (
        select
            *,
            row_number() over (
                partition by organization, rbac_group_id order by priority, date desc
            ) as place
        from (
            select organization, rbac_group_id, name, date, 1 as priority
            from {{ ref('stg_claude_analytics__teams') }}
            union all
            select organization, rbac_group_id, rbac_group_name as name, date, 2 as priority
            from {{ ref('stg_claude_analytics__team_summaries') }}
        ) as known
        where name is not null
    ) as ranked
    where place = 1
{%- endmacro %}

{#- The rows of the latest snapshot of a stream, by its readings: of a snapshot that found nobody
    there is no row. -#}
{% macro claude_latest_snapshot(stream) %}
    select rows_read.*
    from {{ ref('stg_claude_analytics__' ~ stream) }} as rows_read
    inner join (
        select organization, max(date) as date
        from {{ ref('claude_days') }}
        where stream = '{{ stream }}' and is_read
        group by organization
    ) as latest
        on rows_read.organization = latest.organization and rows_read.date = latest.date
{%- endmacro %}
