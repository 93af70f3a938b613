{{ config(enabled=var('claude_analytics__using_spend_limit_requests')) }}

with final as (

    select
        *,
        actor__email_address as email_address,
        actor__name as name,
        coalesce(status = 'pending', false) as is_pending,
        case
            when status = 'pending'
                then {{ claude_analytics.claude_days_between('cast(created_at as date)', 'cast(snapshot_at as date)') }}
        end as days_waiting
    from {{ ref('stg_claude_analytics__spend_limit_requests') }}

)

{{ claude_analytics.claude_select('final') }}
