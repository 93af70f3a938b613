-- How many of the seats are used, day by day?
--
-- One row a day: seats, invitations, and who was active on the day, in the 7 and in the 30
-- days up to it, as numbers of users and in per cent of the seats.
--
-- Needs: current_rows.sql, stream org_summaries.
--
--   psql -v ON_ERROR_STOP=1 -c 'set search_path to tap_claude_analytics' \
--     -f current_rows.sql -f seat_utilisation.sql
--
-- Beware: days overlap, as users who were active on two of them count in both; do not add
-- them up. Null is what the API does not state, and not 0. Users who were active and have
-- lost their seat since are still counted, so idle_seat_count may be too low, even negative.

create or replace view seat_utilisation as
select
    date,
    assigned_seat_count,
    pending_invite_count,
    daily_active_user_count,
    weekly_active_user_count,
    monthly_active_user_count,
    daily_adoption_rate,
    weekly_adoption_rate,
    monthly_adoption_rate,
    assigned_seat_count - monthly_active_user_count as idle_seat_count
from current_org_summaries;
