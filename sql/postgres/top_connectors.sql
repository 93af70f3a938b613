-- Which connectors are used most, and to read or to write?
--
-- One row a connector, over the last 28 days that were read, days without any use among them.
--
-- Needs: current_rows.sql, stream connectors.
--
--   psql -v ON_ERROR_STOP=1 -c 'set search_path to tap_claude_analytics' \
--     -f current_rows.sql -f top_connectors.sql
--
-- Beware: call_count is of reading, writing and unclassified calls. It lacks the days on
-- which one of the three is null, which are counted in unknown_day_count; it is null if all
-- are. Users of different days cannot be added up, so the users shown are those of the day
-- that had most. Display names are not unique.

create or replace view top_connectors as
with span as (
    select max(date) - 27 as first_date, max(date) as last_date
    from readings
    where stream = 'connectors'
),
days as (
    -- A sum with null is null.
    select *, read_call_count + write_call_count + unclassified_call_count as call_count
    from current_connectors
)
select
    rank() over (order by sum(d.call_count) desc nulls last) as place,
    d.connector_name,
    (
        array_agg(d.connector_display_name order by d.date desc)
        filter (where d.connector_display_name is not null)
    )[1] as connector_display_name,
    sum(d.call_count) as call_count,
    sum(d.read_call_count) filter (where d.call_count is not null) as read_call_count,
    sum(d.write_call_count) filter (where d.call_count is not null) as write_call_count,
    count(*) filter (where d.call_count is null) as unknown_day_count,
    count(*) as day_count,
    max(d.distinct_user_count) as most_users_of_a_day,
    span.first_date,
    span.last_date
from days d
join span on d.date between span.first_date and span.last_date
group by d.connector_name, span.first_date, span.last_date;
