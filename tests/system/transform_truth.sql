-- What the marts must hold, worked out from tables of the simulator's truth, in DuckDB.
-- The rules are those of docs/transform.md; nothing is taken from the package's SQL.

create macro start_of(period, day) as date_trunc(period, day)::date;
create macro without(one, other) as
    list_filter(one, lambda value: not list_contains(other, value));

-- What is activity, by product family, and in no family.
create table families as
select * from (values
    (
        'chat_cowork',
        '((chat|cowork)_metrics|chat_cowork_unified_metrics__(chat|sessions))'
        || '__(message|action|dispatch_turn|distinct_session|distinct_conversation)_count'
    ),
    (
        'claude_code',
        'claude_code_metrics__core_metrics__(distinct_session|commit|pull_request)_count'
        || '|claude_code_metrics__tool_actions__.+'
    ),
    ('office', 'office_metrics__\w+__(message|distinct_session)_count'),
    ('design', 'design_metrics__message_count'),
    ('science', 'science_metrics__message_count')
) as f (product_family, pattern);
insert into families
select 'all', string_agg(pattern, '|')
    || '|claude_tag_metrics__active_message_count|web_search_count'
from families;

create table active as
select distinct date, user_id, product_family as family
from (unpivot user_summaries on columns('.+_count') into name figure value use_count)
join families on regexp_full_match(figure, pattern)
where use_count > 0;

create view weeks as
select start_of('week', date) as week, max(date) = week + 6 as is_read
from days group by week;

-- Every figure is the API's; the last one is an average of 28 days.
create view claude_adoption_daily as
select
    date, product, adoption.* exclude (date, product),
    case
        when product = 'all' and count(daily_active_user_count) over month = 28
            then sum(daily_active_user_count) over month
                / nullif(28 * monthly_active_user_count, 0)
    end as stickiness_28
from days
cross join (select distinct product from adoption) as products
left join adoption using (date, product)
window month as (partition by product order by date rows 27 preceding);

-- A week is what its Sunday says.
create view claude_adoption_weekly as
select
    start_of('week', date) as week_start, product,
    max(weekly_active_user_count) filter (isodow(date) = 7) as weekly_active_user_count,
    max(weekly_adoption_rate) filter (isodow(date) = 7) as weekly_adoption_rate,
    max(assigned_seat_count) filter (isodow(date) = 7) as assigned_seat_count,
    case when count(daily_active_user_count) filter (isodow(date) < 6) = 5
        then sum(daily_active_user_count) filter (isodow(date) < 6) / 5
    end as weekday_daily_active_avg,
    max(isodow(date)) = 7 as is_complete,
    case when product = 'all' and is_complete then (
        select count(distinct user_id) from active
        where start_of('week', active.date) = week_start
    ) end as calendar_active_user_count
from claude_adoption_daily as daily
group by week_start, product;

-- People once a period; only whole periods are known.
create view claude_active_users as
with grains as (select unnest(['day', 'week', 'month']) as grain),
periods as (
    select grain as period_grain, start_of(grain, date) as period_start,
        count(*) = datediff('day', period_start, period_start + ('1 ' || grain)::interval)
            as is_complete
    from days, grains group by period_grain, period_start
),
people as (
    select distinct grain as period_grain, start_of(grain, date) as period_start,
        family as product_family, user_id
    from active, grains
),
everybody as (
    select period_grain, period_start, is_complete,
        coalesce(list(user_id) filter (user_id is not null), []) as present
    from periods
    left join (from people where product_family = 'all')
        using (period_grain, period_start)
    group by all
),
compared as (
    select *,
        case when lag(is_complete) over grain then lag(present) over grain end as last,
        flatten(list(present) over (grain rows between unbounded preceding and 1 preceding))
            as ever
    from everybody
    window grain as (partition by period_grain order by period_start)
),
counted as (
    select period_grain, period_start, 'all' as product_family,
        if(ever is null, null, len(without(present, ever))) as new_user_count,
        if(last is null, null, len(list_intersect(present, last))) as retained_user_count,
        if(last is null, null, len(without(list_intersect(present, ever), last)))
            as returning_user_count,
        if(last is null, null, len(without(last, present))) as lost_user_count
    from compared
    where is_complete
),
breadths as (
    select period_grain, period_start, 'all' as product_family,
        count(*) / count(distinct user_id) as products_used_avg
    from people join periods using (period_grain, period_start)
    where product_family <> 'all' and is_complete
    group by all
)
select period_grain, period_start, product_family, is_complete,
    case when is_complete then coalesce(person_count, 0) end as family_active_user_count,
    new_user_count, retained_user_count, returning_user_count, lost_user_count,
    products_used_avg
from periods
cross join families
left join (select * exclude (user_id), count(*) as person_count from people group by all)
    using (period_grain, period_start, product_family)
left join counted using (period_grain, period_start, product_family)
left join breadths using (period_grain, period_start, product_family);

create view claude_seats_daily as
select date, assigned_seat_count, pending_invite_count,
    weekly_active_user_count as active_7_count,
    monthly_active_user_count as active_30_count,
    assigned_seat_count - active_30_count as seats_minus_active_30,
    100 * active_7_count / assigned_seat_count as seat_utilisation_7,
    100 * active_30_count / assigned_seat_count as seat_utilisation_30
from org_summaries;

-- Days in 28, where there are 28 of them.
create view claude_engagement_28 as
select days.date, user_id,
    case when is_28 then count(distinct active.date) end as active_days_28,
    case when is_28 then count(distinct family) filter (family <> 'all') end
        as families_28,
    case
        when active_days_28 >= 12 then 'most days'
        when active_days_28 >= 4 then 'weekly'
        when active_days_28 >= 2 then 'now and then'
        when active_days_28 >= 1 then 'once'
    end as frequency
from (select date, row_number() over (order by date) >= 28 as is_28 from days) as days
join active on active.date between days.date - 27 and days.date
group by days.date, is_28, user_id;

-- How many people are in each class; without members, nobody is known to be absent.
create view claude_frequency_daily as
select date, class as frequency,
    case when class <> 'none' and count(active_days_28) > 0
        then count(*) filter (users.frequency = class) end as user_count,
    user_count / count(*) as frequency_share
from claude_engagement_28 as users
cross join unnest(['most days', 'weekly', 'now and then', 'once', 'none']) as c (class)
group by date, class;

-- Cohorts of the first four loaded weeks have no rate.
create view claude_retention_weekly as
with present as (select distinct user_id, start_of('week', date) as week from active),
starts as (select user_id, min(week) as cohort_week from present group by user_id)
select cohort_week, datediff('week', cohort_week, weeks.week) as week_number,
    count(*) as cohort_size,
    case when weeks.is_read then count(present.user_id) end as active_user_count,
    case when cohort_week >= (select min(week) + 28 from weeks)
        then active_user_count / cohort_size end as week_n_retention
from starts
join weeks on weeks.week >= cohort_week
left join present using (user_id, week)
group by cohort_week, weeks.week, weeks.is_read;

-- Unified use is added, where there is any.
create view claude_users_daily as
select date, user_id,
    chat_metrics__message_count
        + coalesce(chat_cowork_unified_metrics__chat__message_count, 0)
        as chat_message_count,
    cowork_metrics__message_count
        + coalesce(chat_cowork_unified_metrics__sessions__message_count, 0)
        as cowork_message_count,
    cowork_metrics__action_count
        + coalesce(chat_cowork_unified_metrics__sessions__action_count, 0)
        as cowork_action_count,
    cowork_metrics__dispatch_turn_count
        + coalesce(chat_cowork_unified_metrics__sessions__dispatch_turn_count, 0)
        as dispatch_turn_count,
    claude_code_metrics__core_metrics__distinct_session_count as claude_code_session_count,
    list_sum([*columns('office_metrics__[a-z]+__message_count')]) as office_message_count,
    web_search_count,
    list_contains(used, 'all') as is_active,
    len(used) - is_active::int as families_used_count,
    list_contains(used, 'chat_cowork') as is_active_chat_cowork,
    list_contains(used, 'claude_code') as is_active_claude_code,
    list_contains(used, 'office') as is_active_office,
    list_contains(used, 'design') as is_active_design,
    list_contains(used, 'science') as is_active_science
from user_summaries
left join (select date, user_id, list(family) as families from active group by all)
    using (date, user_id)
cross join lateral (select coalesce(families, []) as used);

-- Five streams in one.
create view claude_things_daily as
select date, 'skill' as kind, skill_name as thing_id,
    distinct_user_count as user_count, invocation_count as use_count,
    null as write_share, null as managed_auth_share,
    estimated_overage_spend / 100 as skill_overage_usd,
    attributed_list_price / 100 as skill_list_value_usd
from skills
union all by name
select date, 'connector' as kind, connector_name as thing_id,
    distinct_user_count as user_count,
    read_call_count + write_call_count + unclassified_call_count as use_count,
    write_call_count / nullif(read_call_count + write_call_count, 0) as write_share,
    managed_auth_distinct_user_count / distinct_user_count as managed_auth_share
from connectors
union all by name
select date, 'plugin' as kind, plugin_key as thing_id,
    distinct_user_count as user_count, invocation_count as use_count
from plugins
union all by name
select date, 'artifact' as kind,
    artifact_type || if(is_shared, ' (shared)', ' (not shared)') as thing_id,
    distinct_user_count as user_count, artifacts_created_count as use_count
from artifacts
union all by name
select date, 'project' as kind, project_id as thing_id,
    distinct_user_count as user_count, message_count as use_count
from chat_projects;

create view claude_things_28 as
with people as (
    select 'skill' as kind, skill_name as thing_id, user_id, date from skills_by_user
    union all
    select 'connector', connector_name, user_id, date from connectors_by_user
)
select kind, thing_id,
    sum(use_count) as use_count,
    count(*) - count(use_count) as unknown_day_count,
    count(*) as used_day_count,
    0 as unread_day_count,
    max(user_count) as most_users_of_a_day,
    case when kind in ('skill', 'connector') then (
        select count(distinct user_id) from people
        where people.kind = things.kind and people.thing_id = things.thing_id
            and date > (select max(date) - 28 from days)
    ) end as user_count_28
from claude_things_daily as things
where date > (select max(date) - 28 from days)
group by kind, thing_id;

-- Claude Code of users and of teams.
create view code as
select date, user_id as who, false as is_team, columns('claude_code_metrics__(.+)') as '\1'
from user_summaries
union all by name
select date, rbac_group_id as who, true as is_team,
    columns('claude_code_metrics__(.+)') as '\1'
from team_summaries;

create view edits as
with tools as (
    select date, who, is_team, unnest([
        {
            tool: 'edit',
            accepted: tool_actions__edit_tool__accepted_count,
            rejected: tool_actions__edit_tool__rejected_count
        },
        {
            tool: 'write',
            accepted: tool_actions__write_tool__accepted_count,
            rejected: tool_actions__write_tool__rejected_count
        },
        {
            tool: 'multi_edit',
            accepted: tool_actions__multi_edit_tool__accepted_count,
            rejected: tool_actions__multi_edit_tool__rejected_count
        },
        {
            tool: 'notebook_edit',
            accepted: tool_actions__notebook_edit_tool__accepted_count,
            rejected: tool_actions__notebook_edit_tool__rejected_count
        }
    ], recursive := true)
    from code
)
-- Edits count by tools that are wholly known.
select * from tools where accepted + rejected is not null;

create view code_daily as
select date, who, is_team,
    core_metrics__distinct_session_count as session_count,
    core_metrics__lines_of_code__added_count as lines_added_count,
    core_metrics__lines_of_code__removed_count as lines_removed_count,
    core_metrics__commit_count as commit_count,
    core_metrics__pull_request_count as pull_request_count,
    sum(accepted) as accepted_count,
    sum(rejected) as rejected_count,
    sum(accepted + rejected) as decided_count,
    100 * accepted_count / nullif(decided_count, 0) as acceptance_rate,
    4 - count(tool) as unknown_tool_count
from code
left join edits using (date, who, is_team)
group by all;

create view claude_code_daily as
select who as user_id, * exclude (who, is_team) from code_daily where not is_team;

create view claude_code_tools_daily as
select date, tool,
    sum(accepted) as accepted_count,
    sum(rejected) as rejected_count,
    sum(accepted + rejected) as decided_count,
    100 * accepted_count / nullif(decided_count, 0) as acceptance_rate
from (select distinct date from user_summaries)
cross join unnest(['edit', 'write', 'multi_edit', 'notebook_edit', 'all']) as t (tool)
left join (
    select date, accepted, rejected, unnest([tool, 'all']) as tool
    from edits where not is_team
) using (date, tool)
group by all;

create view code_monthly as
select start_of('month', date) as month_start, who, is_team,
    sum(columns('[a-z_]+_count')) as '\0',
    100 * sum(accepted_count) / nullif(sum(decided_count), 0) as acceptance_rate,
    count(*) - count(
        session_count + lines_added_count + lines_removed_count + commit_count
        + pull_request_count + if(unknown_tool_count = 0, 0, null)
    ) as unknown_day_count
from code_daily
group by all;

-- Cost and usage of every actor, product and model, also of nobody.
create view claude_spend_daily as
select date, actor_type, actor_id, product, model, sum(columns('.+_(usd|tokens|count)'))
    as '\0'
from spend
group by all;

create view spend_months as
select start_of('month', date) as month_start, actor_type, actor_id, product, model,
    grouping(actor_type) = 1 as is_bill,
    sum(columns('.+_(usd|tokens|count)')) as '\0',
    sum(list_cost_usd) - sum(cost_usd) as discount_usd,
    100 * discount_usd / nullif(sum(list_cost_usd), 0) as discount_rate,
    1000000 * sum(cost_usd) / nullif(sum(total_tokens), 0) as cost_per_million_tokens,
    sum(cache_read_tokens) / nullif(sum(total_tokens) - sum(output_tokens), 0)
        as cache_read_share
from spend
group by grouping sets (
    (month_start, actor_type, actor_id, product, model), (month_start)
);

create view claude_spend_monthly as
select * exclude (is_bill) from spend_months where not is_bill;

create view cost_months as
select start_of('month', date) as month_start,
    count(*) = datediff('day', month_start, month_start + interval 1 month) as is_complete
from cost_days
group by month_start;

-- The bills, and what they were per person; of whole months only.
create view claude_spend_org_monthly as
with spent as (
    select start_of('month', date) as month_start, sum(cost_usd) as usd
    from spend
    where actor_type = 'user_actor' and actor_id is not null
    group by month_start, actor_id
    having usd > 0
),
spenders as (
    select month_start,
        count(*) as spending_user_count,
        quantile_cont(usd, 0.5) as median_cost_per_spender,
        quantile_cont(usd, 0.9) as p90_cost_per_spender,
        list_sum(list_reverse_sort(list(usd))[:ceil(count(*) / 10)::int]) / sum(usd)
            as top_decile_share
    from spent
    join cost_months using (month_start)
    where is_complete
    group by month_start
)
select bills.* exclude (actor_type, actor_id, product, model, is_bill),
    cost_months.is_complete,
    spenders.* exclude (month_start),
    family_active_user_count as active_user_count,
    cost_usd / family_active_user_count as cost_per_active_user
from (from spend_months where is_bill) as bills
join cost_months using (month_start)
left join spenders using (month_start)
left join (from claude_active_users where period_grain = 'month' and product_family = 'all')
    as people on people.period_start = month_start;

create view claude_code_team_monthly as
select who as rbac_group_id, * exclude (who, is_team, unknown_tool_count)
from code_monthly
where is_team;

-- Users, with what they cost.
create view claude_code_monthly as
select who as user_id, code_monthly.* exclude (who, is_team, unknown_tool_count),
    case when is_complete then coalesce(metered, 0) end as metered_usd
from code_monthly
join cost_months using (month_start)
left join (
    select start_of('month', date) as month_start, actor_id as who,
        sum(cost_usd) as metered
    from spend
    where actor_type = 'user_actor' and product = 'claude_code'
    group by all
) using (month_start, who)
where not is_team;
