-- What does each team do with Claude Code, and how much of what it proposes is accepted?
--
-- One row a month and team. acceptance_rate is in per cent of the file edits that were
-- accepted or rejected, by all four tools; null if there were none.
--
-- Needs: current_rows.sql, stream team_summaries, which is not selected by default.
--
--   psql -v ON_ERROR_STOP=1 -c 'set search_path to tap_claude_analytics' \
--     -f current_rows.sql -f claude_code_by_team.sql
--
-- Beware: sums lack what is null, and are null if all of it is. unknown_day_count counts the
-- days that had such a null. A tool whose accepted or rejected edits are null on a day is left
-- out of both, so that the rate is of what is known. Users count in every team
-- that they held on a day, so teams do not add up to the organisation; those in no team are
-- the team (none). A team that was deleted has no name.

create or replace view claude_code_by_team as
select
    date_trunc('month', t.date::timestamp)::date as month,
    t.rbac_group_id,
    (
        array_agg(t.rbac_group_name order by t.date desc)
        filter (where t.rbac_group_name is not null)
    )[1] as rbac_group_name,
    sum(edits.accepted_count) as accepted_count,
    sum(edits.rejected_count) as rejected_count,
    round(
        100 * sum(edits.accepted_count)
            / nullif(sum(edits.accepted_count) + sum(edits.rejected_count), 0),
        2
    ) as acceptance_rate,
    sum(t.claude_code_metrics__core_metrics__lines_of_code__added_count) as added_line_count,
    sum(t.claude_code_metrics__core_metrics__lines_of_code__removed_count)
        as removed_line_count,
    sum(t.claude_code_metrics__core_metrics__commit_count) as commit_count,
    sum(t.claude_code_metrics__core_metrics__pull_request_count) as pull_request_count,
    count(*) filter (
        where edits.known_tool_count < 4
        or t.claude_code_metrics__core_metrics__lines_of_code__added_count is null
        or t.claude_code_metrics__core_metrics__lines_of_code__removed_count is null
        or t.claude_code_metrics__core_metrics__commit_count is null
        or t.claude_code_metrics__core_metrics__pull_request_count is null
    ) as unknown_day_count
from current_team_summaries t
cross join lateral (
    select
        sum(tool.accepted) as accepted_count,
        sum(tool.rejected) as rejected_count,
        count(*) as known_tool_count
    from (
        values
        (
            t.claude_code_metrics__tool_actions__edit_tool__accepted_count,
            t.claude_code_metrics__tool_actions__edit_tool__rejected_count
        ),
        (
            t.ccm__tool_actions__multi_edit_tool__accepted_count,
            t.ccm__tool_actions__multi_edit_tool__rejected_count
        ),
        (
            t.ccm__tool_actions__notebook_edit_tool__accepted_count,
            t.ccm__tool_actions__notebook_edit_tool__rejected_count
        ),
        (
            t.claude_code_metrics__tool_actions__write_tool__accepted_count,
            t.claude_code_metrics__tool_actions__write_tool__rejected_count
        )
    ) as tool (accepted, rejected)
    where tool.accepted is not null and tool.rejected is not null
) as edits
group by 1, 2;
