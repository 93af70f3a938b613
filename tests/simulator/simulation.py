"""The simulator as tests use it: one object to start, ask, edit, script and stop."""

import itertools
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from typing_extensions import Self

from .company import Team
from .data import Row
from .endpoints import BASE_PATH, BY_PATH, Query, ask_for, find, understand
from .faults import without_detour
from .options import GENERATIONS, NEWER, OLDER, Options
from .organization.answers import Organization
from .organization.catalog import RESOURCES, locate
from .protocol import ApiError, Keys, refuse, turn_to
from .randomness import tagged_id
from .reports.answers import Reports
from .reports.clock import noon
from .reports.facts import Fact
from .reports.ledger import Ledger
from .reports.questions import REPORTS, question_of_days
from .server import Server
from .store import Store
from .traffic import Answer, Exchange, Fault, Request, Selection, as_bytes


class Simulator:
    """The API of one organisation on a free port; a context manager."""

    def __init__(
        self, options: Options | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """Prepare everything; requests are answered inside the `with` block."""
        self.options = options or Options()
        self.requests: list[Request] = []
        self._today = self.options.today
        self._store = Store(self.options)
        self._ledger = Ledger(self._store.company, self._store.edits)
        self._keys = Keys(self.options)
        self._reports = Reports(self.options, self._ledger, self._keys)
        self._organization = Organization(self._store, self._ledger, self._keys)
        # The rows of the latest questions, encoded, for the pages to come.
        self._encoded = lru_cache(maxsize=16)(self._encode)
        self._script: list[tuple[tuple[Fault, ...], Selection]] = []
        self._count = itertools.count(1)
        self._lock = threading.Lock()
        self._tls = tls

    def __enter__(self) -> Self:
        """Start to answer."""
        self._server = Server(self.options.port, self._respond, self._tls)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and leave no socket and no thread behind."""
        self._server.stop()

    @property
    def url(self) -> str:
        """The address inside the `with` block, without a slash at its end."""
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_port}"

    @property
    def today(self) -> date:
        """The current UTC day, or the one that was set."""
        return self._today or datetime.now(timezone.utc).date()

    @today.setter
    def today(self, day: date) -> None:
        self._today = day

    @property
    def now(self) -> datetime:
        """The current instant, or noon of the day that was set."""
        if self._today is None:
            return datetime.now(timezone.utc)
        return noon(self._today)

    @property
    def latest(self) -> date:
        """The youngest day that is available."""
        return self.today - timedelta(days=self.options.delay_days)

    @property
    def teams(self) -> tuple[Team, ...]:
        """The teams (RBAC groups) of the organisation."""
        return self._store.company.teams.all

    def truth(
        self,
        endpoint: str,
        day: date,
        *,
        group_by: Sequence[str] = (),
        filters: Sequence[str] = (),
    ) -> list[Row]:
        """Give the rows of a day, available yet or not, cut as a request would have it.

        Of people, teams and limits: what is true at the noon of that day.
        """
        if endpoint in RESOURCES:
            return self._organization.truth(endpoint, day)
        return self._store.rows(ask_for(endpoint, day, group_by, filters))

    def edit(
        self, endpoint: str, day: date, change: Callable[[list[Row]], list[Row]]
    ) -> None:
        """Revise a day: `change` gets its rows and gives those to hold from now on.

        It runs at every reading, so it must give the same for the same. Other endpoints
        stay as they are.
        """
        known = RESOURCES.get(endpoint) or find(endpoint)
        self._store.edits.add((known.name, day), change)

    def grant(self, api_key: str, *scopes: str, linked: bool = True) -> None:
        """Make another key with scopes such as `read:members`; an Admin key has none."""
        self._keys.grant(api_key, *scopes, linked=linked)

    def facts(self, day: date) -> list[Fact]:
        """Give what the reports know of a day, as it stands today."""
        return self._ledger.facts(day, self.today)

    def revise(self, day: date, change: Callable[[list[Fact]], list[Fact]]) -> None:
        """Revise the facts of a day in the same way, and by that all six reports."""
        self._ledger.edits.add(day, change)

    def truth_report(
        self,
        endpoint: str,
        start: date,
        end: date,
        *,
        bucket_width: str = "1d",
        group_by: Iterable[str] = (),
    ) -> list[Row]:
        """Give the rows or buckets of a report for days, `end` not included.

        They come as JSON would give them, with no limit to the range.
        """
        days = (start, end)
        question = question_of_days(endpoint, days, bucket_width, group_by, self.today)
        return self._reports.truth(question)

    def reply(
        self,
        endpoint: str | None = None,
        *,
        status: int = 200,
        body: object = b"",
        headers: Mapping[str, str] | None = None,
        **which: Any,
    ) -> None:
        """Dictate the answer to requests to an endpoint, or to all of them.

        `which` selects some of these. Bytes and text are sent as they are, anything else as
        JSON. A `content-length` larger than the body makes an answer that breaks off.
        """
        answer = Answer(status=status, body=as_bytes(body), headers=dict(headers or {}))
        fault = Fault(name="reply", answer=lambda _: answer)
        self.fail(fault, path=endpoint, **which)

    def fail(self, *faults: Fault, path: str | None = None, **which: Any) -> None:
        """Let requests go wrong that one of the faults, taken at random, can befall.

        `path` and `which` select some of them, as the attributes of `Selection` say.
        """
        selection = Selection(path=path and _path_of(path), **which)
        with self._lock:
            self._script.append((faults, selection))

    def recover(self) -> None:
        """Let nothing go wrong any more, and dictate nothing."""
        with self._lock:
            self._script.clear()

    def _respond(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            request_id = tagged_id("req", self.options.seed, next(self._count))
        question = without_detour(request)
        exchange = Exchange(
            request=request,
            now=self.now,
            latest=self.latest,
            request_id=request_id,
            answer=lambda: self._answer(question, request_id),
            revise=lambda day: self._take_rows_away(request.path, day),
        )
        with self._lock:
            taken = (selection.take(all_, exchange) for all_, selection in self._script)
            # Of several that fit, the earliest wins.
            fault = next(filter(None, taken), None)
        answer = exchange.truth if fault is None else fault.answer(exchange)
        request.status = answer.status
        request.fault = None if fault is None else fault.name
        headers = {
            "request-id": request_id,
            "date": format_datetime(exchange.now, usegmt=True),
            "anthropic-organization-id": self.options.organization_id,
            **answer.headers,
        }
        return replace(answer, headers=headers) if answer.from_api else answer

    def _take_rows_away(self, path: str, day: date) -> None:
        if path in REPORTS:
            self.revise(day, lambda facts: facts[1::2])
            return
        found = locate(path)
        self.edit(found[0].name if found else path, day, lambda rows: rows[1:])

    def _answer(self, request: Request, request_id: str) -> Answer:
        try:
            return Answer(status=200, body=self._page(request))
        except ApiError as error:
            return error.answer(request_id)

    def _page(self, request: Request) -> bytes:
        """Write the page that a request asks for, or raise what refuses it."""
        if request.method != "GET":
            refuse(f"{request.method} is not allowed here, only GET", 405)
        if found := locate(request.path):
            self._generation(request)
            return self._organization.answer(*found, request, self.today)
        if request.path in REPORTS:
            return self._reports.answer(request, self.today, self._generation(request))
        endpoint = BY_PATH.get(request.path)
        if endpoint is None:
            refuse(f"no such endpoint below {BASE_PATH}", 404)
        self._keys.check(request.headers)
        generation = self._generation(request)
        query = understand(endpoint, request.params, self.latest)
        rows, more, cursor = turn_to(
            self.options,
            self._encoded(query, self._store.edits.version),
            query.limit if endpoint.paginated or query.group_by else None,
            (endpoint.name, request.params),
            query.days,
        )
        data = b", ".join(rows)
        if generation == OLDER and endpoint.name == "summaries":
            return b'{"summaries": [%b]}' % data
        next_page = json.dumps(cursor if more else None).encode()
        return b'{"data": [%b], "next_page": %b}' % (data, next_page)

    def _generation(self, request: Request) -> str:
        asked = request.headers.get("anthropic-version", NEWER)
        if asked not in GENERATIONS:
            refuse(f"anthropic-version: {asked!r} is not one of {', '.join(GENERATIONS)}")
        return self.options.generation or asked

    def _encode(self, query: Query, _version: int) -> list[bytes]:
        rows = self._store.rows(query)
        return [json.dumps(row, ensure_ascii=False).encode() for row in rows]


def _path_of(endpoint: str) -> str:
    if endpoint in RESOURCES:
        return RESOURCES[endpoint].path
    return endpoint if endpoint in REPORTS or locate(endpoint) else find(endpoint).path
