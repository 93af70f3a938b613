{{ config(enabled=var('claude_analytics__using_invites')) }}

with invites as (

    {{ claude_analytics.claude_latest_snapshot('invites') }}

),

final as (

    select
        *,
        email as email_address,
        coalesce(status = 'pending' and expires_at > snapshot_at, false) as is_pending,
        {{ claude_analytics.claude_elapsed_days('invited_at', 'accepted_at') }} as invite_acceptance_days
    from invites

)

{{ claude_analytics.claude_select('final') }}
