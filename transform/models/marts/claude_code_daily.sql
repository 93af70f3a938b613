with users as (

    select * from {{ ref('stg_claude_analytics__user_summaries') }}

),

days as (

    select * from {{ ref('claude_days') }}
    where stream = 'user_summaries'

),

figures as (

    select
        users.organization,
        users.date,
        users.user_id,
        days.is_complete,
        {{ claude_analytics.claude_code_is_active() }} as is_active,
        {{- claude_analytics.claude_code_figures() }}
    from users
    inner join days
        on users.organization = days.organization and users.date = days.date

),

final as (

    select
        *,
        {{- claude_analytics.claude_code_rates() }}
    from figures

)

{{ claude_analytics.claude_select('final') }}
