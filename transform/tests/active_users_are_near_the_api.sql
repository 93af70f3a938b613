{{ config(severity='warn') }}
-- Two definitions of active: what users did, and token consumption. They differ; a large gap in a
-- large organisation means that one of the streams is not what it seems.
select freshness.organization, freshness.active_user_difference
from {{ ref('claude_freshness') }} as freshness
inner join {{ ref('claude_seats_daily') }} as seats
    on freshness.organization = seats.organization
    and freshness.last_complete_day = seats.date
where abs(freshness.active_user_difference) > 5
    -- Of a few people, one is more than 5 %.
    and seats.active_7_count >= 100
