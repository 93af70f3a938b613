"""Rows of skills, connectors, plugins, artifacts and chat projects on one day."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from itertools import product
from operator import itemgetter

from .company import LAUNCHES, UNIFIED, Company
from .data import NAMES, Row
from .options import FLOOR
from .randomness import Draw, tagged_id

_OFFICE_APPS = ("excel", "outlook", "powerpoint", "word")
_SPEND_SINCE = date(2026, 1, 19)
_CALLS_SINCE = date(2026, 5, 29)
_MANAGED_SINCE = date(2026, 7, 1)
_PLUGINS_SINCE = date(2026, 1, 12)
_STATUSES = ("organization", "private", "public", None)
_MICRO = 1_000_000
# Every third plugin, and so many rows of it at most, share a name and have no id.
_TWINS = 3


def _use(company: Company, day: date, kind: str, index: int) -> tuple[int, Draw]:
    """Draw how many people used an entity, 0 on many days; the rest is drawn after."""
    # The first of a kind are popular, the last ones idle most of the time.
    share = 0.6 / (1 + index)
    draw = Draw(company.seed, kind, index, day, blind=(index + day.toordinal()) % 13 == 0)
    active = company.active_count(day)
    if draw.fraction() > min(0.97, active * share):
        return 0, draw
    return draw.some(max(1, int(active * share))), draw


def _by_name(rows: Iterable[Row | None], name: str) -> list[Row]:
    return sorted(filter(None, rows), key=itemgetter(name))


def _names(
    company: Company, index: int, kind: str, place: int, *, readable: bool
) -> tuple[str, str | None]:
    """Name an entity: readable, or by an opaque id and a name to display."""
    names, displays = NAMES[f"{kind}s"], NAMES[f"{kind}_displays"]
    if readable and place < len(names):
        return names[place], None
    tag = {"connector": "mcpsrv"}.get(kind, kind)
    return tagged_id(tag, company.seed, index), displays[place % len(displays)]


def _used(draw: Draw, where: str, most: int) -> Row:
    """Draw in how many conversations or sessions an entity was used."""
    return {f"distinct_{where}_used_count": draw.distinct(most)}


def _office(draw: Draw, kind: str, most: int) -> Row:
    """Build the block of Office, which is one for each app."""
    return {
        app: _used(draw, f"session_{kind}", most // part)
        for part, app in enumerate(_OFFICE_APPS, start=2)
    }


def _unified(draw: Draw, day: date, index: int, kind: str, most: int) -> Row:
    """Build the block for Chat and Cowork, which is absent or null for some entities."""
    gap = {"skill": 7, "connector": 5}[kind]
    if day < LAUNCHES[UNIFIED] or index % gap == gap - 1:
        return {}
    block = {
        "chat": _used(draw, f"conversation_{kind}", most),
        "sessions": _used(draw, f"session_{kind}", most),
    }
    return {f"{UNIFIED}_metrics": None if index % 4 == 3 else block}


def artifacts(company: Company, day: date) -> list[Row]:
    """Build the kinds that somebody made on a day."""
    rows = []
    types = NAMES["artifact_types"]
    for (kind, artifact_type), is_shared in product(enumerate(types), (False, True)):
        people, draw = _use(company, day, f"artifacts/{is_shared}", kind * 5 % len(types))
        if people:
            created = people + draw.upto(3 * people)
            row = {
                "artifact_type": artifact_type,
                "artifacts_created_count": created,
                "distinct_user_count": people,
                "is_shared": is_shared,
                "published_artifacts_created_count": draw.upto(created) * is_shared,
            }
            rows.append(row)
    return rows


def chat_projects(company: Company, day: date) -> list[Row]:
    """Build the rows of a day, by project id."""
    rows = (_project(company, day, index) for index in range(company.options.projects))
    return _by_name(rows, "project_id")


def _project(company: Company, day: date, index: int) -> Row | None:
    nature = Draw(company.seed, "project", index)
    start = datetime.combine(FLOOR, datetime.min.time(), timezone.utc)
    created = start + timedelta(
        days=int(nature.fraction() * 400) - 120, seconds=int(nature.fraction() * 86_400)
    )
    ends = created.date() + timedelta(days=60 + nature.upto(500))
    blind = (index + day.toordinal()) % 17 == 0
    draw = Draw(company.seed, "chat_projects", index, day, blind=blind)
    active = company.active_count(day)
    if not created.date() <= day < ends or not active or draw.fraction() < 0.3:
        return None
    messages = draw.some(12 + 3 * active)
    again, place = divmod(index, len(NAMES["projects"]))
    forgotten = index % 6 == 5
    creator = company.people[int(nature.fraction() * len(company.people))]
    return {
        "created_at": None if forgotten else created.isoformat().replace("+00:00", "Z"),
        "created_by": None if forgotten or not creator.belongs(day) else creator.as_user(),
        "distinct_conversation_count": draw.distinct(messages),
        "distinct_user_count": min(messages, draw.some(1 + active // 4)),
        "message_count": messages,
        "project_id": tagged_id("claude_proj", company.seed, index),
        "project_name": NAMES["projects"][place] + (f" {again + 1}" if again else ""),
    }


def skills(company: Company, day: date) -> list[Row]:
    """Build the rows of a day, by name, with the bucket of skills without one."""
    rows = (_skill(company, day, index) for index in range(company.options.skills + 1))
    return _by_name(rows, "skill_name")


def _skill(company: Company, day: date, index: int) -> Row | None:
    people, draw = _use(company, day, "skills", index)
    if not people:
        return None
    uses = people + draw.upto(9 * people)
    place, kind = divmod(index, 3)
    name, display = _names(company, index, "skill", place, readable=kind == 0)
    if index == company.options.skills:
        name, display = "unknown", "Unknown skill"
    elif kind == 1:
        display = None
    status = _STATUSES[index % len(_STATUSES)]
    spending = day >= _SPEND_SINCE and not draw.blind
    # Chat has no attribution by request, so what is used there alone has no list price.
    price = _cents(draw, uses) if spending and index % 5 != 4 else None
    spend = _cents(draw, uses // 2) if spending else None
    row = {
        "attributed_list_price": price,
        "chat_metrics": _used(draw, "conversation_skill", uses),
        "claude_code_metrics": _used(draw, "session_skill", uses // 2),
        "cowork_metrics": _used(draw, "session_skill", uses // 3),
        "currency": "USD" if price or spend else None,
        "distinct_user_count": people,
        "enable_count": None if status is None else draw.upto(people),
        "estimated_overage_spend": spend,
        "invocation_count": None if draw.blind else uses,
        "office_metrics": _office(draw, "skill", uses // 2),
        "share_status": status,
        "skill_display_name": display,
        "skill_name": name,
    }
    return row | _unified(draw, day, index, "skill", uses)


def _cents(draw: Draw, uses: int) -> str:
    """Draw an amount, in cents with six fractional digits."""
    amount = draw.upto(uses * 97 * _MICRO)
    return f"{amount // _MICRO}.{amount % _MICRO:06d}"


def connectors(company: Company, day: date) -> list[Row]:
    """Build the rows of a day, by name."""
    rows = (_connector(company, day, n) for n in range(company.options.connectors))
    return _by_name(rows, "connector_name")


def _connector(company: Company, day: date, index: int) -> Row | None:
    people, draw = _use(company, day, "connectors", index)
    if not people:
        return None
    calls = people + draw.upto(20 * people)
    name, display = _names(company, index, "connector", index // 2, readable=index % 2 == 0)
    if index % 8 == 7:
        display = None
    counted = day >= _CALLS_SINCE and not draw.blind
    managed = day >= _MANAGED_SINCE and not draw.blind
    row = {
        "chat_metrics": _used(draw, "conversation_connector", calls),
        "claude_code_metrics": _used(draw, "session_connector", calls // 2),
        "connector_display_name": display,
        "connector_name": name,
        "cowork_metrics": _used(draw, "session_connector", calls // 3),
        "distinct_user_count": people,
        "individual_auth_distinct_user_count": draw.upto(people) if managed else None,
        "managed_auth_distinct_user_count": draw.upto(people) if managed else None,
        "office_metrics": _office(draw, "connector", calls // 2),
        "read_call_count": draw.upto(calls) if counted else None,
        "unclassified_call_count": draw.upto(calls) if counted else None,
        "write_call_count": draw.upto(calls // 3) if counted else None,
    }
    return row | _unified(draw, day, index, "connector", calls)


def plugins(company: Company, day: date) -> list[Row]:
    """Build the rows of a day, by name; on many days there are none."""
    weekend = day.weekday() >= 5
    if day < _PLUGINS_SINCE or weekend or day.toordinal() % 9 == 0:
        return []
    rows = []
    for index in range(company.options.plugins):
        if _use(company, day, "plugins", index)[0]:
            again, place = divmod(index, len(NAMES["plugins"]))
            name = NAMES["plugins"][place] + (f"-{again + 1}" if again else "")
            if index % _TWINS == _TWINS - 1:
                twins = range(1 + day.toordinal() % _TWINS)
                rows += [_plugin(company, day, index, name, twin=twin) for twin in twins]
            else:
                ident = f"{name}@claude-plugins-official"
                rows.append(_plugin(company, day, index, name, ident))
    if company.active_count(day):
        rows += [_plugin(company, day, 0, "third-party", twin=twin) for twin in range(2)]
    return _by_name(rows, "plugin_name")


def _plugin(
    company: Company,
    day: date,
    rank: int,
    name: str,
    ident: str | None = None,
    *,
    twin: int = 0,
) -> Row:
    people, draw = _use(company, day, f"plugins/{name}/{twin}", rank)
    people = max(1, people)
    row = {
        "claude_code_metrics": _used(draw, "session_plugin", 3 * people),
        "cowork_metrics": _used(draw, "session_plugin", 2 * people),
        "distinct_user_count": people,
        "install_count": None if draw.blind else draw.upto(people),
        # The twin sets the last digit, so that no two rows of a name are equal.
        "invocation_count": 10 * draw.some(6 * people) + twin,
        "plugin_id": ident,
        "plugin_name": name,
    }
    if day >= LAUNCHES[UNIFIED] and rank % 5 != 4:
        block = None if twin == 1 else _used(draw, "session_plugin", people)
        row[f"{UNIFIED}_metrics"] = block
    return row
