"""The cards of Claude Code: sessions, lines, what people accept, teams."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from claude_page import words
from claude_page.cards import PRODUCTS, Bar, Card, Chart, Key, Layer, Line, Part, Table
from claude_page.figures import FEW_DECIDED, decisions
from claude_page.marts import WORK
from claude_page.spans import last
from claude_page.timeline import latest, unread_weeks, week_hover, weekly, young_weeks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from claude_page.marts import Marts
    from claude_page.spans import Calendar, Span

COLOUR = PRODUCTS["claude_code"]
TOOLS = {
    "edit": "Edit",
    "write": "Write",
    "multi_edit": "Multi-edit (legacy)",
    "notebook_edit": "Notebook edit",
}


def cards(
    marts: Marts, calendar: Calendar, ranges: Mapping[str, Span], least_team: int
) -> list[Card]:
    """Return the cards; none if nobody ever used Claude Code."""
    weeks = weekly_sums(marts, calendar)
    if not any(any(values.values()) for values in weeks.values()):
        return []
    return [
        sessions(marts, calendar, ranges, weeks),
        lines(calendar, ranges, weeks),
        trust(marts, calendar),
        *teams(marts, calendar, least_team),
    ]


def weekly_sums(marts: Marts, calendar: Calendar) -> dict[str, dict[date, Any]]:
    """Return sums by week, None where a day of it was not read or nothing is known."""
    rows = {row["date"]: row for row in marts["code"]}
    whole = calendar.whole(["user_summaries"])
    sums: dict[str, dict[date, Any]] = {work: {} for work in WORK}
    for week in whole.weeks() if whole else ():
        is_read = all(calendar.is_read("user_summaries", day) for day in week)
        for work in WORK:
            known = [rows[day][work] for day in week if day in rows]
            # A day that was read and has no row is a day without users.
            zero = [] if known else [0]
            values = [value for value in known + zero if value is not None]
            sums[work][week.first] = sum(values) if is_read and values else None
    return sums


def _chart(
    calendar: Calendar,
    span: Span,
    unit: str,
    lines: Sequence[Line] = (),
    stack: Sequence[Layer] = (),
) -> Chart:
    return Chart(
        span=weekly(span),
        unit=unit,
        hover={
            week.first: week_hover(week, [*lines, *stack], calendar, "user_summaries")
            for week in span.weeks()
        },
        lines=lines,
        stack=stack,
        step=7,
        gaps=unread_weeks(calendar, "user_summaries", span),
        young=young_weeks(calendar, "user_summaries", span),
        keys=[
            *(Key(x.name, x.colour, latest(x.values), "line") for x in lines),
            *(Key(x.name, x.colour, latest(x.values)) for x in stack),
        ],
    )


def sessions(
    marts: Marts,
    calendar: Calendar,
    ranges: Mapping[str, Span],
    weeks: Mapping[str, dict[date, Any]],
) -> Card:
    """Return the card of people and sessions."""
    people = {
        row["period_start"]: row["family_active_user_count"]
        for row in marts["people"]
        if row["product_family"] == "claude_code"
    }
    line = Line("People", COLOUR, people)
    layer = Layer("Sessions", COLOUR, weeks["session_count"])
    return Card(
        "How much?",
        "Sessions by ISO week, and the people who had at least one, each once. Usage"
        " through Bedrock and Console accounts is not in the API.",
        [
            Part(
                charts={
                    name: _chart(calendar, span, "sessions a week", stack=[layer])
                    for name, span in ranges.items()
                },
            ),
            Part(
                charts={
                    name: _chart(calendar, span, "people a week", lines=[line])
                    for name, span in ranges.items()
                },
            ),
        ],
        _unknown(marts),
        is_tall=True,
    )


def lines(
    calendar: Calendar,
    ranges: Mapping[str, Span],
    weeks: Mapping[str, dict[date, Any]],
) -> Card:
    """Return the card of lines added and removed, commits and pull requests."""
    stack = [
        Layer("Lines added", COLOUR, weeks["lines_added_count"]),
        Layer("Lines removed", "#f0b48d", weeks["lines_removed_count"], is_below=True),
    ]
    work = [
        Line("Commits", "#8f3f00", weeks["commit_count"]),
        Line("Pull requests", "#f08a4b", weeks["pull_request_count"], width=1.5),
    ]
    return Card(
        "What comes out?",
        "Lines that Claude Code wrote or removed and people accepted, by ISO week; below"
        " zero, the removed. It does not follow what happens to them later, and pull"
        " requests are opened ones, merged or not.",
        [
            Part(
                charts={
                    name: _chart(calendar, span, "lines a week", stack=stack)
                    for name, span in ranges.items()
                },
            ),
            Part(
                charts={
                    name: _chart(calendar, span, "a week", lines=work)
                    for name, span in ranges.items()
                },
            ),
        ],
        is_tall=True,
    )


def _unknown(marts: Marts) -> list[str]:
    days = sum(row["unknown_count"] for row in marts["code"])
    if not days:
        return []
    return [f"{words.plural(days, 'user-day')} without a known number are in no sum."]


def trust(marts: Marts, calendar: Calendar) -> Card:
    """Return the card of acceptance by tool."""
    until = calendar.last_complete("user_summaries")
    title = "Is it trusted?"
    says = (
        "Accepted of all edits that people accepted or rejected, by tool, in 28 days. Edits"
        " that were accepted without being asked for, or never decided, are not in it."
    )
    if until is None:
        return Card(title, says, [Part(words="No day of activity is complete yet.")])
    span = last(28, until)
    found = decisions(marts, span)
    bars = [
        Bar(
            tool_title,
            words.percent(100 * accepted / decided) if decided else words.NOTHING,
            note=f"{words.count(decided)} decided",
            is_faint=decided < FEW_DECIDED,
            dot=accepted / decided if decided else None,
            parts=[],
        )
        for tool, tool_title in TOOLS.items()
        if tool in found and (found[tool][1] or tool != "multi_edit")
        for accepted, decided in [found[tool]]
    ]
    unread = [day for day in span if not calendar.is_read("user_summaries", day)]
    notes = [f"Rates of fewer than {FEW_DECIDED} decided edits are grey: they say little."]
    if unread:
        notes.append(
            f"{words.plural(len(unread), 'day')} of the 28 not read, so in no rate."
        )
    period = f"{words.short_day(span.first)} to {words.day(span.last)}"
    return Card(title, says, [Part(f"Acceptance, {period}", bars=bars)], notes)


def teams(marts: Marts, calendar: Calendar, least: int) -> list[Card]:
    """Return the card of teams, if teams are loaded; small ones only together."""
    until = calendar.last_complete("team_summaries")
    if until is None or not marts["teams"]:
        return []
    span = last(28, until)
    sums: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for row in marts["teams"]:
        if row["date"] in span:
            team = sums[row["rbac_group_id"], row["team_name"]]
            team["people"] = max(team.get("people", 0), row["user_count"] or 0)
            for column in (
                "session_count",
                "commit_count",
                "accepted_count",
                "decided_count",
            ):
                if row[column] is not None:
                    team[column] = team.get(column, 0) + row[column]
    large = {key: team for key, team in sums.items() if team["people"] >= least}
    small = [team for key, team in sums.items() if key not in large]
    ordered = sorted(
        large.items(),
        key=lambda item: (item[0][0] == "(none)", -item[1].get("session_count", 0)),
    )
    names = [name for (_, name), _ in ordered]
    rows = [
        [
            "In no team"
            if key == "(none)"
            else name
            if names.count(name) == 1
            else f"{name} ({key})",
            *_team(team),
        ]
        for (key, name), team in ordered
    ]
    if small:
        rows.append([f"Small teams ({len(small)})", *_together(small, least)])
    return [
        Card(
            "By team",
            f"{words.short_day(span.first)} to {words.day(span.last)}. People are those of"
            " the day that had most of them, in any product. Somebody in two teams counts"
            " in both, so teams do not add up to the organisation.",
            [
                Part(
                    table=Table(["Team", "People", "Sessions", "Commits", "Accepted"], rows)
                )
            ],
            [f"Teams with fewer than {least} people are folded into one row."],
        )
    ]


def _team(team: Mapping[str, Any]) -> list[str]:
    decided = team.get("decided_count", 0)
    accepted = words.percent(100 * team["accepted_count"] / decided) if decided else None
    counts = [team.get(name) for name in ("people", "session_count", "commit_count")]
    return [
        *(words.NOTHING if count is None else words.count(count) for count in counts),
        accepted if accepted and decided >= FEW_DECIDED else words.NOTHING,
    ]


def _together(small: list[dict[str, Any]], least: int) -> list[str]:
    """Return the row of small teams, without figures if they are few people together."""
    people = sum(team["people"] for team in small)
    if people < least:
        return [words.NOTHING] * 4
    names = {name for team in small for name in team}
    sums = {name: sum(team.get(name, 0) for team in small) for name in names}
    return _team(sums)
