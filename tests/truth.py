"""What the streams must hold, worked out from the simulator's rows without the tap."""

import copy
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from operator import itemgetter
from typing import Any, TypeAlias

from tests import ledger
from tests.simulator import Simulator
from tests.singer import Output

Record: TypeAlias = dict[str, Any]

#: Things that are counted, whose streams and endpoints have one name.
_THINGS = ("chat_projects", "skills", "connectors", "plugins", "artifacts")
#: Stream to endpoint, for the streams whose records are rows.
ROW_STREAMS = {
    "org_summaries": "summaries",
    "user_summaries": "users",
    **dict(zip(_THINGS, _THINGS, strict=True)),
}
STREAMS = (*ROW_STREAMS, "adoption")
#: The streams of engagement, and the readings of them.
ALL = (*STREAMS, "readings")

#: Stream to the path it is asked under.
PATHS = {**ROW_STREAMS, "chat_projects": "apps/chat/projects", "adoption": "summaries"}

_DIMENSIONS = {"user": "user_id", "team": "rbac_group_id", "product": "product"}
#: Broken-down stream to the stream whose rows it breaks down, and by what.
BREAKDOWNS = {
    "team_summaries": ("user_summaries", "rbac_group_id"),
    **{
        f"{thing}_by_{by}": (thing, dimension)
        for thing in _THINGS
        for by, dimension in _DIMENSIONS.items()
        if (thing, by) != ("chat_projects", "product")
    },
}

#: Streams of what is true now, each with the name that it has for the id of a row.
SNAPSHOTS = {
    "members": "user_id",
    "invites": "invite_id",
    "spend_limits": None,
    "spend_limit_requests": "request_id",
    "teams": "rbac_group_id",
    "team_members": None,
}

KEYS = {
    "org_summaries": ("date",),
    "adoption": ("date", "product"),
    "user_summaries": ("date", "user_id"),
    "chat_projects": ("date", "project_id"),
    "skills": ("date", "skill_name"),
    "connectors": ("date", "connector_name"),
    "plugins": ("date", "plugin_key"),
    "artifacts": ("date", "artifact_type", "is_shared"),
    "readings": ("stream", "date"),
}
KEYS |= {stream: (*KEYS[base], by) for stream, (base, by) in BREAKDOWNS.items()}
KEYS |= {stream: ("date", key) for stream, key in SNAPSHOTS.items() if key}
KEYS |= {
    "team_summaries": ("date", "rbac_group_id"),
    "org_summaries_by_team": ("date", "rbac_group_id"),
    "spend_limits": ("date", "actor_id", "period"),
    "spend_limit_requests": ("request_id",),
    "team_members": ("date", "rbac_group_id", "user_id"),
}

_GROUPED_ONLY = {"product", "rbac_group_id", "rbac_group_name", "user_id"}
_PERIODS = ("daily", "weekly", "monthly")
_COUNT = "active_user_count"


def records(
    simulator: Simulator, stream: str, day: date, *, filters: Sequence[str] = ()
) -> list[Record]:
    """Return the records of a stream and day, without ``snapshot_at``."""
    if stream in SNAPSHOTS:
        return _snapshot(simulator, stream, day)
    if stream == "org_summaries_by_team":
        return _by_team(simulator, day)
    base, by = BREAKDOWNS.get(stream, (stream, None))
    rows = _rows(simulator, ROW_STREAMS.get(base, "summaries"), day, filters, by)
    if stream == "adoption":
        made = [record for row in rows for record in _adoption(row)]
    else:
        made = [_from_row(base, row, by) for row in rows]
    if base == "plugins":
        seen: Counter[tuple[str, str | None]] = Counter()
        for record in made:
            name, identity = record["plugin_name"], record["plugin_id"]
            alike = (name, record[by] if by else None)
            seen[alike] += identity is None
            nameless = f"name:{name}:{seen[alike]}"
            record["plugin_key"] = f"id:{identity}" if identity is not None else nameless
    return [{**record, "date": day.isoformat()} for record in made]


def assert_busy(simulator: Simulator, endpoint: str, *days: date) -> None:
    """Check that there is something on each of these days that can be changed."""
    for day in days:
        assert len(simulator.truth(endpoint, day)) > 1, f"no use of {endpoint} on {day}"


def _rows(
    simulator: Simulator, endpoint: str, day: date, filters: Sequence[str], by: str | None
) -> list[Record]:
    groups = (by,) if by else ()
    rows = simulator.truth(endpoint, day, group_by=groups, filters=tuple(filters))
    decoded: list[Record] = json.loads(json.dumps(rows), parse_float=Decimal)
    return decoded


def _snapshot(simulator: Simulator, stream: str, day: date) -> list[Record]:
    """Return what was true on a day."""
    key = SNAPSHOTS[stream]
    made = []
    for row in simulator.truth(stream, day):
        record = {**row, "date": day.isoformat(), "additional_fields": None}
        if key:
            record[key] = record.pop("id")
        if stream.startswith("spend_"):
            record["actor_id"] = row["actor"]["user_id"]
            limit = record if stream == "spend_limits" else record["spend_summary"]
            for name in ("amount", "period_to_date_spend") if limit else ():
                amount, in_currency = limit[name], None
                digits = {"EUR": 2, "JPY": 0, "USD": 2}.get(limit["currency"])
                if amount is not None and digits is not None:
                    in_currency = Decimal(amount).scaleb(-digits, ledger.EXACT)
                limit[name] = None if amount is None else Decimal(amount)
                limit[f"{name}_in_currency"] = in_currency
        made.append(record)
    return made


def _by_team(simulator: Simulator, day: date) -> list[Record]:
    """Return the summary of each team that its rolling windows count anybody in."""
    made = []
    for team in sorted(team.id for team in simulator.teams):
        for row in _rows(simulator, "summaries", day, [f"rbac_group_id:{team}"], None):
            if any(row[name] for name in row if name.endswith("_active_user_count")):
                own = {"rbac_group_id": team, "date": day.isoformat()}
                made.append({**row, **own, "additional_fields": None})
    return made


def _from_row(stream: str, row: Record, by: str | None) -> Record:
    left_out = set(_GROUPED_ONLY)
    if by == "rbac_group_id":
        left_out -= {"rbac_group_id", "rbac_group_name"}
    elif by:
        left_out.remove(by)
    if stream == "user_summaries":
        left_out.add("user" if by else "distinct_user_count")
    record = {name: copy.deepcopy(row[name]) for name in row if name not in left_out}
    record["additional_fields"] = None
    if by:
        record[by] = "(none)" if row[by] is None else row[by]
    elif stream == "user_summaries":
        record["user_id"] = row["user"]["id"]
        record["email_address"] = row["user"]["email_address"]
    if stream == "skills":
        for name in ("attributed_list_price", "estimated_overage_spend"):
            record[name] = None if row[name] is None else Decimal(row[name])
    return record


def _adoption(row: Record) -> list[Record]:
    seats = row["assigned_seat_count"]
    of_all = [f"{p}_{name}" for p in _PERIODS for name in (_COUNT, "adoption_rate")]
    made = [{"product": "all", "assigned_seat_count": seats, **{n: row[n] for n in of_all}}]
    daily = f"_daily_{_COUNT}"
    for product in (name.removesuffix(daily) for name in row if name.endswith(daily)):
        record = {"product": product, "assigned_seat_count": seats}
        for period in _PERIODS:
            count = row[f"{product}_{period}_{_COUNT}"]
            record[f"{period}_{_COUNT}"] = count
            rated = seats and count is not None and product != "claude_tag"
            rate = Decimal(count) * 100 / seats if rated else None
            record[f"{period}_adoption_rate"] = rate and round(rate, 12)
        made.append(record)
    return made


def assert_true(
    output: Output, simulator: Simulator, stream: str, days: Sequence[date], *filters: str
) -> list[Record]:
    """Check the records of each day, in the API's order, and return them all.

    Their keys are whole and unique.
    """
    assert output.read_days(stream) == [day.isoformat() for day in days]
    emitted = output.by_day(stream)
    for day in days:
        found = list(map(_without_snapshot, emitted.get(day.isoformat(), [])))
        expected = records(simulator, stream, day, filters=filters)
        if stream == "adoption":  # One row becomes its records in no particular order.
            found.sort(key=itemgetter("product"))
            expected.sort(key=itemgetter("product"))
        assert found == expected
    keys = [_key(stream, record) for record in output.records(stream)]
    assert len(set(keys)) == len(keys)
    assert not any(None in key for key in keys)
    return output.records(stream)


def _key(stream: str, record: Record) -> tuple[Any, ...]:
    return tuple(record[name] for name in KEYS[stream])


def _without_snapshot(record: Record) -> Record:
    return {name: value for name, value in record.items() if name != "snapshot_at"}


def assert_current_rows(
    simulator: Simulator,
    stream: str,
    days: Sequence[date],
    *outputs: Output,
    **of_report: Any,
) -> None:
    """Check that the current rows of a target that loaded all outputs are the truth.

    Those of usage and cost have no key but the tap's, so their sums are compared.
    """
    if stream in ledger.STREAMS:
        ledger.assert_sums(simulator, stream, days, *outputs, **of_report)
        return
    days_read, current = ledger.loaded(stream, KEYS[stream], *outputs)
    assert days_read == [day.isoformat() for day in days]
    # A row without a day in its key is as it was last listed.
    expected = {
        _key(stream, record): record
        for day in days
        for record in records(simulator, stream, day)
    }
    assert {_key(stream, row): _without_snapshot(row) for row in current} == expected


def assert_confirms_whole_days(output: Output, stream: str, last: date) -> None:
    """Check that each STATE names the latest day that has been read, or the last one.

    A day has been read when its reading was written: a STATE follows it at once, and no
    record of the day comes after that.
    """
    read_days: list[str] = []
    for message, following in pairwise([*output.messages, {"type": "END"}]):
        record = message.get("record", {})
        if message["type"] == "STATE":
            state = message["value"]["bookmarks"].get(stream, {})
            day = (state.get("replication_key_value") or "")[:10]
            assert day == (min(read_days[-1], last.isoformat()) if read_days else "")
        elif message["stream"] == "readings" and record.get("stream") == stream:
            read_days.append(record["date"])
            assert following["type"] == "STATE"
        elif message["stream"] == stream and record:
            assert record["date"] not in read_days
    assert read_days == sorted(set(read_days))
