"""The process that answers, so that it is not what is measured; every day is the same."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import cycle, islice, product
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from typing import Any

from tests.simulator import ENDPOINTS, Options, Simulator
from tests.simulator.limits import KINDS
from tests.simulator.server import Server
from tests.simulator.traffic import Answer, Request, as_bytes

from .needed import DETAIL, REPORTS, TOTALS, Asked

#: A working day on which the organisation has every product: rows are as large as can be.
MODEL_DAY = date(2026, 11, 18)
ONE_DAY = timedelta(days=1)
#: What stands in encoded rows for their day and the next one.
DAY, NEXT_DAY = b"<day>", b"<next day>"


@dataclass(frozen=True)
class Counted:
    """What a server was asked."""

    requests: int  # refused ones too
    refused: int  # those that were answered with 429
    repeated: int  # answers that had been given before
    rows_per_day: Mapping[Asked, int]


class Service:
    """What all connections of a server share: rows, encoded beforehand, and counters."""

    def __init__(
        self,
        users: int = 0,
        report_users: int = 100,
        stale_days: int = 0,
        latency: float = 0.0,
        limit: tuple[str, int] | None = None,
    ) -> None:
        """Encode everything that a tap asks for with its default settings, and listen.

        Args:
            users: Rows of `users` on every day.
            report_users: Accounts that make the rows of usage and cost.
            stale_days: How long before today's midnight usage and cost were gathered.
            latency: Seconds from a request to its answer.
            limit: One of `KINDS`, and how many requests it allows a minute.
        """
        self._latency, self._stale = latency, timedelta(days=stale_days)
        self._limit = KINDS[limit[0]](limit[1]) if limit else None
        self._rows = {
            asked: list(map(_encoded, rows))
            for asked, rows in _rows(users, report_users).items()
        }
        self._answered: list[str] = []
        self._refused: list[str] = []
        self._server = Server(0, self._respond)

    def url(self) -> str:
        """Return the address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def counted(self) -> Counted:
        """Tell what has been asked."""
        return Counted(
            requests=len(self._answered) + len(self._refused),
            refused=len(self._refused),
            repeated=len(self._answered) - len(set(self._answered)),
            rows_per_day={asked: len(rows) for asked, rows in self._rows.items()},
        )

    def _respond(self, request: Request) -> Answer:
        question = f"{request.path} {request.params}"
        if self._limit and (wait := self._limit.admit()):
            self._refused.append(question)
            error = {"type": "rate_limit_error", "message": "too many requests"}
            headers = {"retry-after": str(math.ceil(wait))}
            body = as_bytes({"type": "error", "error": error})
            return Answer(status=429, body=body, headers=headers)
        self._answered.append(question)
        body = self._body(request.path, request.params)
        time.sleep(self._latency)
        return Answer(status=200, body=body)

    def _body(self, path: str, asked: Mapping[str, Sequence[str]]) -> bytes:
        """Give a page: the rows of one day after the other, in the same order."""
        rows = self._rows[(path, *asked.get("group_by[]", ()))]
        days = _days(asked)
        page, size = int(asked.get("page", ["0"])[0]), int(asked.get("limit", ["1000"])[0])
        end = (page + 1) * size
        found = islice(product(days, rows), end - size, end)
        more = end < len(days) * len(rows)
        envelope: dict[str, Any] = {"next_page": str(page + 1) if more else None}
        if path in REPORTS:
            gathered = datetime.now(timezone.utc).date() - self._stale
            envelope |= {"has_more": more, "data_refreshed_at": f"{gathered}T00:00:00Z"}
        data = b", ".join(_on(day, row) for day, row in found)
        return b'{"data": [%b], %b' % (data, as_bytes(envelope)[1:])


class Process(BaseManager):
    """A process for a server."""

    serve: type[Service]

    def __init__(self) -> None:
        """Prepare a process that has nothing of this one."""
        super().__init__(ctx=get_context("spawn"))


Process.register("serve", Service)


def _rows(users: int, report_users: int) -> dict[Asked, list[dict[str, Any]]]:
    """Make the rows of the model day, by path and grouping."""
    today = MODEL_DAY + timedelta(days=5)
    small, large = (
        Simulator(Options(users=count, today=today)) for count in (100, report_users)
    )
    rows: dict[Asked, list[dict[str, Any]]] = {
        (endpoint.path,): small.truth(name, MODEL_DAY)
        for name, endpoint in ENDPOINTS.items()
    }
    # The same metrics again and again, for other users.
    models = enumerate(islice(cycle(rows["users",]), users))
    rows["users",] = [_of_user(number, model) for number, model in models]
    for report, grouping in product(REPORTS, (DETAIL, TOTALS)):
        rows[(report, *grouping)] = large.truth_report(
            report, MODEL_DAY, MODEL_DAY + ONE_DAY, group_by=grouping
        )
    return rows


def _of_user(number: int, model: dict[str, Any]) -> dict[str, Any]:
    named = {"id": f"user_01{number:022}", "email_address": f"person{number}@example.com"}
    return {**model, "user": model["user"] | named, "last_activity_date": str(MODEL_DAY)}


def _encoded(row: dict[str, Any]) -> bytes:
    text = json.dumps(row, ensure_ascii=False).encode()
    text = text.replace(str(MODEL_DAY).encode(), DAY)
    return text.replace(str(MODEL_DAY + ONE_DAY).encode(), NEXT_DAY)


def _on(day: date, row: bytes) -> bytes:
    row = row.replace(DAY, str(day).encode())
    return row.replace(NEXT_DAY, str(day + ONE_DAY).encode())


def _days(asked: Mapping[str, Sequence[str]]) -> list[date]:
    """Read the days, or midnights, asked for; the end of a span is not one of them."""
    if "date" in asked:
        return [date.fromisoformat(asked["date"][0])]
    kind = "at" if "starting_at" in asked else "date"
    first, end = (
        date.fromisoformat(asked[f"{edge}_{kind}"][0][:10])
        for edge in ("starting", "ending")
    )
    return [first + timedelta(days=number) for number in range((end - first).days)]
