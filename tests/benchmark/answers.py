"""The bodies of all answers, encoded beforehand; every day has the same rows."""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, TypeAlias

from tests.simulator import ENDPOINTS, Options, Simulator

from .needed import DETAIL, REPORTS, ROWS_PER_PAGE, TOTALS, report_name

Parameters: TypeAlias = "Mapping[str, Sequence[str]]"
#: A body in pieces, for one writing without copies.
Body: TypeAlias = "list[bytes]"
#: Rows cut at the days that they name, so that those of another day cost next to nothing.
Template: TypeAlias = "list[bytes]"

#: A working day on which the organisation has every product: rows are as large as can be.
MODEL_DAY = date(2026, 11, 18)
ONE_DAY = timedelta(days=1)
_MODEL_DAYS = re.compile(f"({MODEL_DAY}|{MODEL_DAY + ONE_DAY})".encode())
#: Accounts in the model organisation; about half of them are active on a day.
_ACCOUNTS = 1500


class Answers:
    """What the server says, by path and parameters."""

    def __init__(self, users: int, report_users: int, stale_days: int) -> None:
        """Encode everything that a tap asks for with its default settings."""
        self._stale = timedelta(days=stale_days)
        simulator = Simulator(Options(users=100))
        rows = {
            endpoint.path: simulator.truth(name, MODEL_DAY)
            for name, endpoint in ENDPOINTS.items()
        }
        rows["users"] = _users(users)
        self._pages = {path: _pages(of_path) for path, of_path in rows.items()}
        [self._summary] = map(_template, rows["summaries"])
        today = MODEL_DAY + timedelta(days=5)
        simulator = Simulator(Options(users=report_users, today=today))
        self._reports = {
            (report, grouping): [
                _template(row)
                for row in simulator.truth_report(
                    report, MODEL_DAY, MODEL_DAY + ONE_DAY, group_by=grouping
                )
            ]
            for report, grouping in itertools.product(REPORTS, (DETAIL, TOTALS))
        }
        #: How many there are, by path, and those of reports by path and grouping.
        self.rows_per_day = {path: len(of_path) for path, of_path in rows.items()} | {
            report_name(*report): len(of_one) for report, of_one in self._reports.items()
        }

    def body(self, path: str, parameters: Parameters) -> Body:
        """Give the body of an answer.

        Raises:
            LookupError: If there is no such path, or a parameter is missing.
            ValueError: If a parameter is not one that is simulated here.
        """
        if path == "summaries":
            days = _days(parameters["starting_date"], parameters["ending_date"])
            return _body(_rows(itertools.product(days, [self._summary])), next_page=None)
        if parameters["limit"] != [str(ROWS_PER_PAGE)]:
            message = f"limit: only {ROWS_PER_PAGE} is served here"
            raise ValueError(message)
        page = int(parameters.get("page", ["0"])[0])
        if path not in REPORTS:
            template = self._pages[path][page]
            return _on(date.fromisoformat(parameters["date"][0]), template)
        # Buckets of a day by ascending time, whatever order is asked for.
        days = _days(parameters["starting_at"], parameters["ending_at"])
        rows = self._reports[path, tuple(parameters["group_by[]"])]
        end = (page + 1) * ROWS_PER_PAGE
        wanted = itertools.islice(itertools.product(days, rows), end - ROWS_PER_PAGE, end)
        more = end < len(days) * len(rows)
        gathered = datetime.now(timezone.utc).date() - self._stale
        return _body(
            _rows(wanted),
            has_more=more,
            next_page=str(page + 1) if more else None,
            data_refreshed_at=f"{gathered}T00:00:00Z",
        )


def _users(count: int) -> list[dict[str, Any]]:
    """Make so many rows of `users`, the same metrics again and again for other users."""
    simulator = Simulator(Options(users=min(_ACCOUNTS, 2 * count + 50)))
    models = itertools.cycle(simulator.truth("users", MODEL_DAY))
    rows = []
    for index, model in enumerate(itertools.islice(models, count)):
        named = {"id": f"user_01{index:022}", "email_address": f"person{index}@example.com"}
        user = {"user": model["user"] | named, "last_activity_date": str(MODEL_DAY)}
        rows.append(model | user)
    return rows


def _encode(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()


def _template(row: dict[str, Any]) -> Template:
    return _MODEL_DAYS.split(_encode(row))


def _body(rows: Iterable[bytes], **envelope: object) -> Body:
    return [b'{"data": [', b", ".join(rows), b"], ", _encode(envelope)[1:]]


def _pages(rows: list[dict[str, Any]]) -> list[Template]:
    starts = range(0, len(rows), ROWS_PER_PAGE) or [0]
    cursors = [*map(str, range(1, len(starts))), None]
    pages = (
        _body(map(_encode, rows[start : start + ROWS_PER_PAGE]), next_page=cursor)
        for start, cursor in zip(starts, cursors, strict=True)
    )
    return [_MODEL_DAYS.split(b"".join(page)) for page in pages]


def _on(day: date, template: Template) -> list[bytes]:
    """Give the pieces of another day."""
    dates = {
        str(MODEL_DAY + after).encode(): str(day + after).encode()
        for after in (timedelta(), ONE_DAY)
    }
    return [dates.get(piece, piece) for piece in template]


def _rows(templates: Iterable[tuple[date, Template]]) -> Iterator[bytes]:
    return (b"".join(_on(day, template)) for day, template in templates)


def _days(first: Sequence[str], end: Sequence[str]) -> list[date]:
    """Read days, or the midnights that they begin with; the last one is not included."""
    start, stop = (date.fromisoformat(text[0][:10]) for text in (first, end))
    return [start + timedelta(days=number) for number in range((stop - start).days)]
