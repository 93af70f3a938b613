{{ config(severity='warn') }}
-- Grouped by team, a person in several teams counts in each: the sums are more than the bill.
select distinct organization
from {{ ref('stg_claude_analytics__cost') }}
where rbac_group_id is not null
union
select distinct organization
from {{ ref('stg_claude_analytics__usage') }}
where rbac_group_id is not null
