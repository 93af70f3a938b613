with days as (

    select organization, date, is_complete from {{ ref('claude_days') }}
    where stream = 'org_summaries'

),

summaries as (

    select * from {{ ref('stg_claude_analytics__org_summaries') }}

),

final as (

    select
        days.organization,
        days.date,
        summaries.assigned_seat_count,
        summaries.pending_invite_count,
        summaries.weekly_active_user_count as active_7_count,
        summaries.monthly_active_user_count as active_30_count,
        summaries.assigned_seat_count - summaries.monthly_active_user_count as seats_minus_active_30,
        {{ claude_analytics.claude_quotient('summaries.weekly_active_user_count', 'summaries.assigned_seat_count', factor=100) }} as seat_utilisation_7,
        {{ claude_analytics.claude_quotient('summaries.monthly_active_user_count', 'summaries.assigned_seat_count', factor=100) }} as seat_utilisation_30,
        days.is_complete
    from days
    left join summaries
        on days.organization = summaries.organization and days.date = summaries.date

)

{{ claude_analytics.claude_select('final') }}
