{{ config(severity='warn') }}
-- A stream that was never read, is behind, or lacks days in between.
select organization, stream, last_complete_day, missing_day_count
from {{ ref('claude_freshness') }}
where last_complete_day is null
    or days_behind > {{ var('claude_analytics__late_after_days') }}
    or missing_day_count > 0
