-- What does each person do with Claude Code, and how much of what it proposes is accepted?
--
-- One row a month and user. acceptance_rate is in per cent of the file edits that were
-- accepted or rejected, by all four tools; null if there were none.
--
-- Needs: current_rows.sql, stream user_summaries.
--
--   psql -v ON_ERROR_STOP=1 -c 'set search_path to tap_claude_analytics' \
--     -f current_rows.sql -f claude_code_by_user.sql
--
-- Beware: sums lack what is null, and are null if all of it is. unknown_day_count counts the
-- days that had such a null. A tool whose accepted or rejected edits are null on a day is left
-- out of both, so that the rate is of what is known. Users who were active elsewhere only
-- have zeros.

create or replace view claude_code_by_user as
select
    date_trunc('month', u.date::timestamp)::date as month,
    u.user_id,
    (
        array_agg(u.email_address order by u.date desc)
        filter (where u.email_address is not null)
    )[1] as email_address,
    sum(edits.accepted_count) as accepted_count,
    sum(edits.rejected_count) as rejected_count,
    round(
        100 * sum(edits.accepted_count)
            / nullif(sum(edits.accepted_count) + sum(edits.rejected_count), 0),
        2
    ) as acceptance_rate,
    sum(u.claude_code_metrics__core_metrics__lines_of_code__added_count) as added_line_count,
    sum(u.claude_code_metrics__core_metrics__lines_of_code__removed_count)
        as removed_line_count,
    sum(u.claude_code_metrics__core_metrics__commit_count) as commit_count,
    sum(u.claude_code_metrics__core_metrics__pull_request_count) as pull_request_count,
    count(*) filter (
        where edits.known_tool_count < 4
        or u.claude_code_metrics__core_metrics__lines_of_code__added_count is null
        or u.claude_code_metrics__core_metrics__lines_of_code__removed_count is null
        or u.claude_code_metrics__core_metrics__commit_count is null
        or u.claude_code_metrics__core_metrics__pull_request_count is null
    ) as unknown_day_count
from current_user_summaries u
cross join lateral (
    select
        sum(tool.accepted) as accepted_count,
        sum(tool.rejected) as rejected_count,
        count(*) as known_tool_count
    from (
        values
        (
            u.claude_code_metrics__tool_actions__edit_tool__accepted_count,
            u.claude_code_metrics__tool_actions__edit_tool__rejected_count
        ),
        (
            u.ccm__tool_actions__multi_edit_tool__accepted_count,
            u.ccm__tool_actions__multi_edit_tool__rejected_count
        ),
        (
            u.ccm__tool_actions__notebook_edit_tool__accepted_count,
            u.ccm__tool_actions__notebook_edit_tool__rejected_count
        ),
        (
            u.claude_code_metrics__tool_actions__write_tool__accepted_count,
            u.claude_code_metrics__tool_actions__write_tool__rejected_count
        )
    ) as tool (accepted, rejected)
    where tool.accepted is not null and tool.rejected is not null
) as edits
group by 1, 2;
