-- How many people use each product, week by week?
--
-- One row a week, from Monday to Sunday, and product; the product all is all of them together.
--
-- Needs: current_rows.sql, stream adoption.
--
--   psql -v ON_ERROR_STOP=1 -c 'set search_path to tap_claude_analytics' \
--     -f current_rows.sql -f weekly_active_users_by_product.sql
--
-- Beware: the count of a day is of the 7 days up to it, so that of Sunday is the week's. Seven
-- days' counts cannot be added up to it, nor products to all: people who come back, or use
-- two products, would count twice. Null means that it could not be computed on that Sunday,
-- and not 0. A week has no rows before its Sunday was read. claude_tag counts Slack users,
-- also ones without a seat, so it has no rate.

create or replace view weekly_active_users_by_product as
select
    date - 6 as week,
    product,
    weekly_active_user_count,
    weekly_adoption_rate,
    assigned_seat_count
from current_adoption
where extract(isodow from date) = 7;
