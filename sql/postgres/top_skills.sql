-- Which skills are used most?
--
-- One row a skill, over the last 28 days that were read, days without any use among them.
--
-- Needs: current_rows.sql, stream skills.
--
--   psql -v ON_ERROR_STOP=1 -c 'set search_path to tap_claude_analytics' \
--     -f current_rows.sql -f top_skills.sql
--
-- Beware: invocation_count lacks the days on which it is null, which are counted in
-- unknown_day_count; it is null if all are. Users of different days cannot be added up, so
-- the users shown are those of the day that had most. Display names are not unique.

create or replace view top_skills as
with span as (
    select max(date) - 27 as first_date, max(date) as last_date
    from readings
    where stream = 'skills'
)
select
    rank() over (order by sum(s.invocation_count) desc nulls last) as place,
    s.skill_name,
    (
        array_agg(s.skill_display_name order by s.date desc)
        filter (where s.skill_display_name is not null)
    )[1] as skill_display_name,
    sum(s.invocation_count) as invocation_count,
    count(*) filter (where s.invocation_count is null) as unknown_day_count,
    count(*) as day_count,
    max(s.distinct_user_count) as most_users_of_a_day,
    span.first_date,
    span.last_date
from current_skills s
join span on s.date between span.first_date and span.last_date
group by s.skill_name, span.first_date, span.last_date;
