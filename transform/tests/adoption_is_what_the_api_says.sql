-- Both streams come from one answer: product `all` and the organisation are equal cell by cell.
select adoption.organization, adoption.date
from {{ ref('claude_adoption_daily') }} as adoption
inner join {{ ref('stg_claude_analytics__org_summaries') }} as summaries
    on adoption.organization = summaries.organization and adoption.date = summaries.date
inner join {{ ref('stg_claude_analytics__adoption') }} as read
    on adoption.organization = read.organization
    and adoption.date = read.date
    and adoption.product = read.product
where adoption.product = 'all'
    -- Read at the same time, or the API may have changed in between.
    and summaries.snapshot_at = read.snapshot_at
    and (
        {%- for count in ('assigned_seat_count', 'daily_active_user_count', 'weekly_active_user_count', 'monthly_active_user_count') %}
        {{ 'or ' if not loop.first }}coalesce(adoption.{{ count }}, -1) <> coalesce(summaries.{{ count }}, -1)
        {%- endfor %}
    )
