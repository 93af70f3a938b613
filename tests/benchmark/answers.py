"""The bodies of all answers, encoded beforehand; every day has the same rows."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.simulator import ENDPOINTS, Options, Simulator
from tests.simulator.company import Company
from tests.simulator.endpoints import BY_PATH
from tests.simulator.options import ONE_DAY

from .needed import DETAIL, REPORTS, TOTALS, report_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Parameters: TypeAlias = "Mapping[str, Sequence[str]]"
#: A body in pieces, for one writing without copies.
Body: TypeAlias = "list[bytes]"

#: A working day on which the organisation has every product: rows are as large as can be.
MODEL_DAY = date(2026, 11, 18)
#: What stands in a row for the day that is asked for, and for the one after it.
DAY_MARK, NEXT_DAY_MARK = b"@day-of-the-question@", b"@day-after-the-question@"
_MARKS = re.compile(b"(%b|%b)" % (DAY_MARK, NEXT_DAY_MARK))
#: Accounts in the model organisation; about half of them are active on a day.
_ACCOUNTS = 1500


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """How much the answers hold."""

    users: int = 0  # rows of `users` on every day
    report_users: int = 100  # accounts that make the rows of usage and cost
    stale_days: int = 0  # how long before today's midnight usage and cost were gathered


class Template:
    """Encoded JSON with marks, cut at them once, so that a day costs next to nothing."""

    def __init__(self, marked: bytes) -> None:
        """Cut at the marks."""
        self._pieces = _MARKS.split(marked)

    def on(self, day: date) -> list[bytes]:
        """Give the pieces, with a day in place of the marks."""
        dates = {
            DAY_MARK: day.isoformat().encode(),
            NEXT_DAY_MARK: (day + ONE_DAY).isoformat().encode(),
        }
        return [dates.get(piece, piece) for piece in self._pieces]


class Answers:
    """What the server says, by path and parameters."""

    def __init__(self, organisation: Organisation) -> None:
        """Encode everything that a tap asks for with its default settings."""
        self._stale = timedelta(days=organisation.stale_days)
        company = Company(Options(users=100))
        self._rows = {
            endpoint.path: _user_rows(organisation.users)
            if name == "users"
            else [_marked(row) for row in endpoint.rows(company, MODEL_DAY)]
            for name, endpoint in ENDPOINTS.items()
        }
        simulator = Simulator(
            Options(users=organisation.report_users, today=MODEL_DAY + 5 * ONE_DAY)
        )
        self._reports = {
            (report, grouping): [
                Template(_marked(row))
                for row in simulator.truth_report(
                    report, MODEL_DAY, MODEL_DAY + ONE_DAY, group_by=grouping
                )
            ]
            for report, grouping in itertools.product(REPORTS, (DETAIL, TOTALS))
        }
        self._pages = lru_cache(maxsize=None)(self._cut)
        self._pages("users", 1000)

    def body(self, path: str, parameters: Parameters) -> Body:
        """Give the body of an answer.

        Raises:
            LookupError: If there is no such path, or a parameter is missing.
            ValueError: If a parameter is not one that is simulated here.
        """
        if path in REPORTS:
            return self._report(path, parameters)
        if path == "summaries":
            return self._summaries(parameters)
        pages = self._pages(BY_PATH[path].path, int(parameters.get("limit", ["100"])[0]))
        page = int(parameters.get("page", ["0"])[0])
        return pages[page].on(date.fromisoformat(parameters["date"][0]))

    def rows_per_day(self) -> dict[str, int]:
        """Count the rows of a day, by path, and those of reports by path and grouping."""
        return {path: len(rows) for path, rows in self._rows.items()} | {
            report_name(*report): len(rows) for report, rows in self._reports.items()
        }

    def _cut(self, path: str, limit: int) -> list[Template]:
        rows = self._rows[path]
        starts = range(0, len(rows), limit) or [0]
        cursors = [b'"%d"' % page for page in range(1, len(starts))] + [b"null"]
        return [
            Template(
                b'{"data": [%b], "next_page": %b}'
                % (b", ".join(rows[start : start + limit]), cursor)
            )
            for start, cursor in zip(starts, cursors, strict=True)
        ]

    def _summaries(self, parameters: Parameters) -> Body:
        first = date.fromisoformat(parameters["starting_date"][0])
        last = date.fromisoformat(parameters["ending_date"][0])
        (row,) = map(Template, self._rows["summaries"])
        rows = [b"".join(row.on(day)) for day in _days(first, last)]
        return [b'{"data": [', b", ".join(rows), b'], "next_page": null}']

    def _report(self, path: str, parameters: Parameters) -> Body:
        """Answer buckets of a day by ascending time, whatever order is asked for."""
        if parameters["time_bucket_width"] != ["1d"]:
            message = "time_bucket_width: only 1d is served here"
            raise ValueError(message)
        limit = int(parameters.get("limit", ["20"])[0])
        page = int(parameters.get("page", ["0"])[0])
        rows = self._reports[path, tuple(parameters["group_by[]"])]
        days = _days(_day(parameters["starting_at"][0]), _day(parameters["ending_at"][0]))
        wanted = itertools.islice(
            itertools.product(days, rows), page * limit, (page + 1) * limit
        )
        more = (page + 1) * limit < len(days) * len(rows)
        gathered = datetime.now(timezone.utc).date() - self._stale
        envelope = {
            "has_more": more,
            "next_page": str(page + 1) if more else None,
            "data_refreshed_at": f"{gathered}T00:00:00Z",
        }
        return [
            b'{"data": [',
            b", ".join(b"".join(row.on(day)) for day, row in wanted),
            b"], ",
            json.dumps(envelope).encode()[1:],
        ]


def _user_rows(count: int) -> list[bytes]:
    """Encode so many rows of `users`, the same metrics again and again for other users.

    The first row of every thousand names its day, so that an answer shows which question
    it belongs to.
    """
    company = Company(Options(users=min(_ACCOUNTS, 2 * count + 50)))
    models = itertools.cycle(ENDPOINTS["users"].rows(company, MODEL_DAY))
    rows = []
    for index, model in enumerate(itertools.islice(models, count)):
        named = {"id": f"user_01{index:022}", "email_address": f"person{index}@example.com"}
        row = {**model, "user": model["user"] | named}
        if index % 1000 == 0:
            row["last_activity_date"] = DAY_MARK.decode()
        rows.append(_encode(row))
    return rows


def _encode(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()


def _marked(row: dict[str, Any]) -> bytes:
    """Encode a row with marks in place of its own dates."""
    return (
        _encode(row)
        .replace(MODEL_DAY.isoformat().encode(), DAY_MARK)
        .replace((MODEL_DAY + ONE_DAY).isoformat().encode(), NEXT_DAY_MARK)
    )


def _days(first: date, end: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((end - first).days)]


def _day(instant: str) -> date:
    """Read the UTC midnight that a bucket of a day begins with."""
    day, _, midnight = instant.partition("T")
    if midnight not in {"00:00:00Z", "00:00:00+00:00"}:
        message = f"{instant} is not the beginning of a UTC day"
        raise ValueError(message)
    return date.fromisoformat(day)
