"""The metric blocks of a user's day; without messages every figure is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulator.randomness import Draw


def chat(draw: Draw, messages: int) -> dict[str, Any]:
    """Build the block of claude.ai chat."""
    connectors = draw.upto(messages // 2)
    return {
        "connectors_used_count": connectors,
        "distinct_artifacts_created_count": draw.upto(messages // 5),
        "distinct_connectors_used_count": draw.distinct(connectors),
        "distinct_conversation_count": draw.distinct(messages),
        "distinct_files_uploaded_count": draw.distinct(messages // 8),
        "distinct_projects_created_count": draw.upto(messages // 20),
        "distinct_projects_used_count": draw.distinct(messages // 10),
        "distinct_shared_artifacts_viewed_count": draw.distinct(messages // 12),
        "distinct_skills_used_count": draw.distinct(messages // 9),
        "message_count": messages,
        "shared_conversations_viewed_count": draw.upto(messages // 15),
        "thinking_message_count": draw.upto(messages),
    }


def claude_code(draw: Draw, messages: int) -> dict[str, Any]:
    """Build the block of Claude Code, which counts work rather than messages."""
    return {
        "core_metrics": {
            "artifacts_created_count": draw.upto(messages // 12),
            "commit_count": draw.upto(messages // 3),
            "distinct_session_count": draw.distinct(messages),
            "lines_of_code": {
                "added_count": draw.upto(messages * 90),
                "removed_count": draw.upto(messages * 40),
            },
            "pull_request_count": draw.upto(messages // 8),
        },
        "tool_actions": {
            tool: {
                "accepted_count": draw.upto(messages),
                "rejected_count": draw.upto(messages // 4),
            }
            for tool in (
                "edit_tool",
                "multi_edit_tool",
                "notebook_edit_tool",
                "write_tool",
            )
        },
    }


def cowork(draw: Draw, messages: int, *, detailed: bool) -> dict[str, Any]:
    """Build the block of Cowork; plugins and file edits are not always reported."""
    connectors, skills, plugins = (
        draw.upto(messages),
        draw.upto(messages // 3),
        draw.upto(messages // 4),
    )
    edits = [draw.upto(messages // part) for part in (1, 6, 9, 2)]
    known = detailed and not draw.blind
    edit, multi_edit, notebook_edit, write = edits if known else (None,) * 4
    sessions = draw.some(messages)
    return {
        "action_count": draw.upto(messages * 6),
        "artifacts_created_count": draw.upto(messages // 10),
        "connectors_used_count": connectors,
        "dispatch_turn_count": draw.upto(messages // 4),
        "distinct_connectors_used_count": draw.distinct(connectors),
        "distinct_plugins_used_count": draw.some(plugins) if known else None,
        "distinct_session_count": None if draw.blind else sessions,
        "distinct_skills_used_count": draw.distinct(skills),
        "edit_tool_count": edit,
        "file_edit_count": sum(edits) if known else None,
        "message_count": messages,
        "multi_edit_tool_count": multi_edit,
        "notebook_edit_tool_count": notebook_edit,
        "plugins_used_count": plugins if known else None,
        "sessions_with_file_edits_count": draw.some(min(sessions, sum(edits)))
        if known
        else None,
        "skills_used_count": skills,
        "write_tool_count": write,
    }


def design(draw: Draw, messages: int) -> dict[str, Any]:
    """Build the block of Claude Design."""
    return {
        "distinct_projects_created_count": draw.upto(messages // 10),
        "distinct_projects_used_count": draw.distinct(messages // 6),
        "distinct_session_count": draw.distinct(messages),
        "message_count": messages,
    }


def office(draw: Draw, messages: int) -> dict[str, Any]:
    """Build the blocks of the Office apps, of which one gets most of the messages."""
    outlook, powerpoint, word = (
        draw.upto(messages // 2),
        draw.upto(messages // 5),
        draw.upto(messages // 5),
    )
    return {
        "excel": _office_app(draw, messages - outlook - powerpoint - word),
        "outlook": _office_app(draw, outlook),
        "powerpoint": _office_app(draw, powerpoint),
        "word": _office_app(draw, word),
    }


def _office_app(draw: Draw, messages: int) -> dict[str, Any]:
    connectors, skills = draw.upto(messages // 3), draw.upto(messages // 2)
    return {
        "connectors_used_count": connectors,
        "distinct_connectors_used_count": draw.distinct(connectors),
        "distinct_session_count": draw.distinct(messages),
        "distinct_skills_used_count": draw.distinct(skills),
        "message_count": messages,
        "skills_used_count": skills,
    }


def science(draw: Draw, messages: int) -> dict[str, Any]:
    """Build the block of Claude Science."""
    return {
        "delegation_count": draw.upto(messages // 3),
        "distinct_session_count": draw.distinct(messages),
        "message_count": messages,
        "remote_compute_job_count": draw.upto(messages // 7),
        "skills_used_count": draw.upto(messages // 4),
    }
