-- Who is active is new, stays or returns; who stays and who is lost were active before. People of
-- a family are no more than all, and those of a day no more than those of its week and month.
with users as (

    select
        *,
        lag(family_active_user_count) over (
            partition by organization, period_grain, product_family order by period_start
        ) as previous_count
    from {{ ref('claude_active_users') }}

)

select organization, period_grain, period_start, product_family
from users
where new_user_count + retained_user_count + returning_user_count <> family_active_user_count
    or retained_user_count + lost_user_count <> previous_count

union all

select narrow.organization, narrow.period_grain, narrow.period_start, narrow.product_family
from users as narrow
inner join users as wide
    on narrow.organization = wide.organization
    and wide.product_family in (narrow.product_family, 'all')
    and narrow.period_start between wide.period_start and wide.period_end
    and narrow.period_end <= wide.period_end
where narrow.family_active_user_count > wide.family_active_user_count
