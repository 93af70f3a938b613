"""Rows of `users` and `summaries`: who was active on one day, and how."""

from datetime import date
from typing import Any

from .company import ANY, CLAUDE_TAG, CLAUDE_TAG_LAUNCH, LAUNCHES, UNIFIED, Company, Person
from .data import CATALOG, Row
from .options import ONE_DAY
from .organization.people import invites
from .randomness import Draw

_METRICS: dict[str, dict[str, Any]] = CATALOG["metrics"]
_LAST_ACTIVITY_SINCE = date(2026, 2, 2)
_COWORK_DETAIL_SINCE = date(2026, 3, 16)
_SEATS_SINCE = date(2026, 1, 6)
_BREAKDOWN_SINCE = date(2026, 1, 15)
# From which day on summaries hold the counts of a product at all.
_SINCE = {
    **dict.fromkeys(
        ("chat", "claude_code", "claude_design", "office_agent", "science"),
        _BREAKDOWN_SINCE,
    ),
    CLAUDE_TAG: CLAUDE_TAG_LAUNCH,
    UNIFIED: LAUNCHES[UNIFIED],
}
# What an organisation has, but no team.
_OF_ALL = {
    "assigned_seat_count",
    "daily_adoption_rate",
    "monthly_adoption_rate",
    "pending_invite_count",
    "science_entitled_user_count",
    "weekly_adoption_rate",
}
# Months other than 30 days, of the whole organisation; those of teams are all alike.
_MONTHS = {CLAUDE_TAG: 28, UNIFIED: 28}
# On about one in so many days distinct things or a product's users cannot be counted.
_USERS_SOMETIMES, _SUMMARIES_SOMETIMES = 31, 29


def users(company: Company, day: date) -> list[Row]:
    """Build the rows of a day, by e-mail address."""
    active = company.activity(day)
    return [
        _user(
            company,
            day,
            person,
            {product for product, people in active.items() if people >> place & 1},
        )
        for place, person in enumerate(company.people)
        if active[ANY] >> place & 1
    ]


def _user(company: Company, day: date, person: Person, used: set[str]) -> Row:
    blind = (person.index + day.toordinal()) % _USERS_SOMETIMES == 0
    draw = Draw(company.seed, "users", person.index, day, blind=blind)
    messages = {product: draw.some(40) if product in used else 0 for product in LAUNCHES}
    detailed = day >= _COWORK_DETAIL_SINCE

    def block(product: str) -> Row:
        return _block(draw, messages[product], _METRICS[product])

    row: Row = {
        "chat_metrics": block("chat"),
        "claude_code_metrics": block("claude_code"),
        "cowork_metrics": _cowork(draw, messages["cowork"], detailed=detailed),
        "design_metrics": block("claude_design"),
        # Only rows aggregated over several users say how many those are.
        "distinct_user_count": None,
        "office_metrics": _office(draw, messages["office_agent"]),
        "science_metrics": block("science"),
        "user": person.as_user(),
        "web_search_count": draw.upto(messages["chat"]),
    }
    # What follows is left out before its launch, and for a few users for good.
    many = messages[UNIFIED]
    if day >= LAUNCHES[UNIFIED] and (many or person.index % 7 != 3):
        row[f"{UNIFIED}_metrics"] = None
        if many or person.index % 2 == 0:
            row[f"{UNIFIED}_metrics"] = {
                "chat": _block(draw, many, _METRICS["chat"]),
                "sessions": _cowork(draw, many // 2, detailed=True),
            }
    if day >= CLAUDE_TAG_LAUNCH and person.index % 7 != 5:
        row["claude_tag_metrics"] = None
        if person.linked:
            tagged = CLAUDE_TAG in used
            row["claude_tag_metrics"] = {
                "active_day_count": None if blind else int(tagged),
                "active_message_count": None if blind else draw.some(9) * tagged,
            }
    if day >= _LAST_ACTIVITY_SINCE and person.index % 11 != 1:
        row["last_activity_date"] = None if blind else day.isoformat()
    return row


def _block(draw: Draw, messages: int, metrics: dict[str, Any]) -> Row:
    """Draw the metrics of a product, from shares of the messages or of each other."""
    block: Row = {}
    for name, how in metrics.items():
        if isinstance(how, dict):
            block[name] = _block(draw, messages, how)
        elif how == "messages":
            block[name] = messages
        else:
            method, of, *part = how
            most = messages * of // part[0] if part else block[of]
            block[name] = getattr(draw, method)(most)
    return block


def _cowork(draw: Draw, messages: int, *, detailed: bool) -> dict[str, Any]:
    """Build the block of Cowork; plugins and file edits are not always reported."""
    connectors, skills, plugins = (draw.upto(messages // part) for part in (1, 3, 4))
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


def _office(draw: Draw, messages: int) -> dict[str, Any]:
    """Build the blocks of the Office apps, of which one gets most of the messages."""
    others = [draw.upto(messages // part) for part in (2, 5, 5)]
    shares = (messages - sum(others), *others)
    apps = ("excel", "outlook", "powerpoint", "word")
    return {app: _office_app(draw, many) for app, many in zip(apps, shares, strict=True)}


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


def summaries(company: Company, day: date) -> list[Row]:
    """Build the one row of a day."""
    overall = _counts(company, ANY, day)
    heads = sum(person.belongs(day) for person in company.people)
    seats = heads + heads // 10 if day >= _SEATS_SINCE else None
    pending = sum(row["status"] == "pending" for row in invites(company, day))
    row = {
        "assigned_seat_count": seats,
        **_named("cowork", _counts(company, "cowork", day)),
        **_named(None, overall),
        **{
            f"{period}_adoption_rate": round(100 * count / seats, 2) if seats else None
            for period, count in overall.items()
        },
        "ending_at": f"{day + ONE_DAY}T00:00:00Z",
        "pending_invite_count": pending if day.toordinal() % _SUMMARIES_SOMETIMES else None,
        "starting_at": f"{day}T00:00:00Z",
    }
    for place, (product, since) in enumerate(_SINCE.items()):
        if day >= since:
            unknown = (day.toordinal() + 3 * place) % _SUMMARIES_SOMETIMES == 0
            known = _counts(company, product, day)
            row |= _named(product, dict.fromkeys(known) if unknown else known)
            if product == "science":
                row["science_entitled_user_count"] = None if unknown else heads // 4
    return [row]


def scoped(company: Company, row: Row, day: date, teams: frozenset[str]) -> Row:
    """Give a day's summary for those who held one of the teams, in the fields it has."""
    counts = _named(None, _counts(company, ANY, day, teams))
    for product in LAUNCHES:
        counts |= _named(product, _counts(company, product, day, teams))

    def of_teams(name: str, value: object) -> object:
        if name in _OF_ALL or name.startswith(f"{CLAUDE_TAG}_"):
            return None
        return value if value is None else counts.get(name, value)

    return {name: of_teams(name, value) for name, value in row.items()}


def _counts(
    company: Company, product: str, day: date, teams: frozenset[str] | None = None
) -> dict[str, int]:
    month = 30 if teams is not None else _MONTHS.get(product, 30)
    windows = {"daily": 1, "weekly": 7, "monthly": month}
    return {
        period: company.active_within(product, day, days, teams)
        for period, days in windows.items()
    }


def _named(product: str | None, counts: dict[str, Any]) -> Row:
    prefix = f"{product}_" if product else ""
    return {f"{prefix}{period}_active_user_count": n for period, n in counts.items()}
