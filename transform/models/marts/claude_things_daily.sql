{#- The columns that not all kinds have, in the order of the union. -#}
{%- set figures = [
    ('use_count', 'bigint'), ('user_count', 'bigint'),
    ('chat_session_count', 'bigint'), ('cowork_session_count', 'bigint'),
    ('claude_code_session_count', 'bigint'), ('office_session_count', 'bigint'),
    ('read_call_count', 'bigint'), ('write_call_count', 'bigint'),
    ('unclassified_call_count', 'bigint'), ('managed_auth_user_count', 'bigint'),
    ('enable_count', 'bigint'), ('install_count', 'bigint'), ('published_count', 'bigint'),
    ('conversation_count', 'bigint'),
    ('skill_overage_usd', 'money'), ('skill_list_value_usd', 'money'),
] -%}
{%- set kinds = claude_analytics.claude_things() -%}

with things as (

    {% for kind, thing in kinds.items() %}
    select
        organization,
        date,
        '{{ kind }}' as kind,
        '{{ thing.stream }}' as stream,
        {{ thing.id }} as thing_id,
        cast({{ thing.name }} as {{ claude_analytics.claude_type('text') }}) as display_name,
        {{ thing.bucket }} as is_bucket,
        '{{ thing.unit }}' as use_unit
        {%- for figure, type in figures %},
        cast({{ thing.figures.get(figure, 'null') }} as {{ claude_analytics.claude_type(type) }}) as {{ figure }}
        {%- endfor %}
    from {{ ref('stg_claude_analytics__' ~ thing.stream) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

names as (

    select
        organization,
        kind,
        thing_id,
        display_name,
        row_number() over (partition by organization, kind, thing_id order by date desc) as place
    from things
    where display_name is not null

),

final as (

    select
        things.*,
        coalesce(names.display_name, things.thing_id) as thing_name,
        -- Before this day no surface told reads from writes.
        case
            when things.date >= cast('2026-05-29' as date)
                then {{ claude_analytics.claude_quotient('things.write_call_count', '(things.read_call_count + things.write_call_count)') }}
        end as write_share,
        {{ claude_analytics.claude_quotient('things.managed_auth_user_count', 'things.user_count') }} as managed_auth_share,
        days.is_complete
    from things
    inner join {{ ref('claude_days') }} as days
        on things.organization = days.organization
        and things.stream = days.stream
        and things.date = days.date
    left join names
        on things.organization = names.organization
        and things.kind = names.kind
        and things.thing_id = names.thing_id
        and names.place = 1

)

{{ claude_analytics.claude_select('final') }}
