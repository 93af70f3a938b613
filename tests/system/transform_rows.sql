-- Two organisations, row by row for the rules that they show, as target-duckdb has them:
-- dates are text there, whole numbers HUGEINT. The days are the forty up to the Sunday of
-- the week 2026-12-28 to 2027-01-03.

create schema acme;
create schema globex;

-- Days are read 40 days later, so that all is settled, in the morning.
create macro read_at(day, hour := 10) as (day::date + 40)::timestamp + to_hours(hour);

-- A day of users was emptied.
create table acme.readings as
select day::date::varchar as date, stream, true as is_complete,
    if(stream = 'user_summaries' and date = '2026-12-27', 0, 1)::hugeint as row_count,
    read_at(date) as snapshot_at
from generate_series(date '2026-11-25', date '2027-01-03', interval 1 day) as days (day)
cross join unnest([
    'user_summaries', 'team_summaries', 'org_summaries', 'adoption', 'cost', 'members',
    'invites', 'spend_limits', 'spend_limit_requests', 'teams', 'team_members'
]) as streams (stream)
where date >= '2027-01-02' or stream in ('adoption', 'cost') or stream like '%_summaries';

create table acme.user_summaries as
select * exclude (hour), user_id || '@example.com' as email_address,
    read_at(date, hour := hour) as snapshot_at
from (values
    ('2026-11-25', 10, 'ann', 1::hugeint, null::hugeint, 1::hugeint, 1::hugeint, 1::hugeint),
    -- The day on which this user switched to unified use.
    ('2026-12-30', 10, 'ann', 3, 2, null, null, null),
    ('2026-12-30', 10, 'idle', 0, 0, null, null, null),
    -- The day was read again, without this user.
    ('2026-12-29', 9, 'gone', 9, null, null, null, null),
    -- A target that appends has what was read before beside what counts.
    ('2026-12-24', 11, 'bob', 1, null, null, null, null),
    ('2026-12-24', 12, 'bob', 4, null, null, null, null),
    -- The day that was emptied.
    ('2026-12-27', 9, 'bob', 9, null, null, null, null),
    ('2027-01-03', 10, 'bob', 1, null, 2, 1, 1)
) as users (
    date, hour, user_id, chat_metrics__message_count,
    chat_cowork_unified_metrics__chat__message_count,
    claude_code_metrics__core_metrics__commit_count,
    claude_code_metrics__tool_actions__edit_tool__accepted_count,
    claude_code_metrics__tool_actions__edit_tool__rejected_count
);

create table acme.team_summaries as
select '2027-01-03' as date, team as rbac_group_id, 1::hugeint as distinct_user_count,
    2::hugeint as claude_code_metrics__core_metrics__commit_count,
    1::hugeint as claude_code_metrics__tool_actions__edit_tool__accepted_count,
    1::hugeint as claude_code_metrics__tool_actions__edit_tool__rejected_count,
    read_at(date) as snapshot_at
from (values ('it'), ('sales')) as teams (team);

-- More people than there are seats.
create table acme.org_summaries as
select '2027-01-03' as date, 59::hugeint as assigned_seat_count,
    60::hugeint as monthly_active_user_count, read_at(date) as snapshot_at;

create table acme.adoption as
select '2027-01-03' as date, product, 59::hugeint as assigned_seat_count,
    people::hugeint as monthly_active_user_count, read_at(date) as snapshot_at
from (values ('all', 60), ('claude_tag', 500)) as products (product, people);

create table acme.cost as
select '2026-12-10' as date, timestamp '2026-12-10' as starting_at,
    concat(actor_id, ' ', amount) as row_key, actor_type, actor_id, deleted as actor__deleted,
    'USD' as currency, amount::double as amount_usd, true as is_final,
    read_at(date) as snapshot_at
from (values
    ('user_actor', 'ann', false, 1.5),
    ('user_actor', 'dan', true, 2.25),
    ('api_actor', 'key', null, 0.25),
    (null, null, null, 3.0)
) as rows_of_cost (actor_type, actor_id, deleted, amount);

-- Addresses are written otherwise than where activity is.
create table acme.members as
select date, user_id, name, name || '@example.com' as email, read_at(date) as snapshot_at
from (values
    ('2027-01-02', 'ann', null),
    ('2027-01-02', 'zed', null),
    ('2027-01-03', 'ann', 'Ann'),
    ('2027-01-03', 'new-bob', 'Bob'),
    ('2027-01-03', 'eve', 'Eve')
) as members (date, user_id, name);

create table acme.invites as
select '2027-01-03' as date, invite_id, status, timestamp '2027-01-01' as invited_at,
    expires::timestamp as expires_at, accepted::timestamp as accepted_at,
    read_at(date) as snapshot_at
from (values
    ('open', 'pending', '2027-12-01', null),
    ('late', 'pending', '2027-01-15', null),
    ('done', 'accepted', '2027-12-01', '2027-01-02 12:00')
) as invites (invite_id, status, expires, accepted);

create table acme.spend_limits as
select '2027-01-03' as date, actor_id, 'monthly' as period, 'user_actor' as actor__type,
    cents::hugeint as amount, cents::double / 100 as amount_in_currency,
    spent::hugeint as period_to_date_spend, 'sales' as source__rbac_group_id,
    read_at(date) as snapshot_at
from (values ('ann', 1000, 950), ('eve', null, 0)) as limits (actor_id, cents, spent);

create table acme.spend_limit_requests as
select '2027-01-03' as date, request_id, status, 'ann' as actor_id,
    timestamp '2027-02-10' as created_at, read_at(date) as snapshot_at
from (values ('r1', 'pending'), ('r2', 'denied')) as requests (request_id, status);

create table acme.teams as
select '2027-01-03' as date, team as rbac_group_id, 'Sales' as name,
    read_at(date) as snapshot_at
from (values ('sales'), ('it')) as teams (team);

create table acme.team_members as
select date, team as rbac_group_id, user_id, read_at(date) as snapshot_at
from (values
    ('2027-01-02', 'it', 'zed'), ('2027-01-03', 'sales', 'ann'), ('2027-01-03', 'sales', 'bob')
) as members (date, team, user_id);

-- The same tables, loaded before there was unified use, and with a day that was not read.
create table globex.readings as from acme.readings where date <> '2026-12-28';
create table globex.user_summaries as
select columns(name -> name not like '%unified%') from acme.user_summaries;
create table globex.team_summaries as from acme.team_summaries;
create table globex.org_summaries as from acme.org_summaries;
create table globex.adoption as from acme.adoption;
create table globex.cost as from acme.cost;
create table globex.members as from acme.members;
create table globex.invites as from acme.invites;
create table globex.spend_limits as from acme.spend_limits;
create table globex.spend_limit_requests as from acme.spend_limit_requests;
create table globex.teams as from acme.teams;
create table globex.team_members as from acme.team_members;
