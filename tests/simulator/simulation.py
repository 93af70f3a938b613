"""The simulator as tests use it: one object to start, ask, edit, script and stop."""

from __future__ import annotations

import itertools
import threading
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

from .endpoints import find
from .errors import ApiError, error_body
from .options import Options
from .randomness import tagged_id
from .reports.catalog import REPORTS, find_report
from .reports.ledger import Ledger
from .server import Server
from .service import Service
from .store import Store
from .traffic import Answer, Request, Script, as_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from .reports.facts import Fact
    from .store import Row


class Simulator:
    """The API of one organisation on a free port; a context manager."""

    def __init__(self, options: Options | None = None) -> None:
        """Prepare everything; requests are answered inside the `with` block."""
        self.options = options or Options()
        self.requests: list[Request] = []
        self._today = self.options.today
        self._store = Store(self.options)
        self._ledger = Ledger(self._store.company)
        self._service = Service(self.options, self._store, self._ledger)
        self._script = Script()
        self._count = itertools.count(1)
        self._lock = threading.Lock()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start to answer."""
        self._server = Server(self.options.port, self._respond)
        # A short poll, because leaving waits for it.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, and leave no socket and no thread behind."""
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()
            self._server = self._thread = None

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        if self._server is None:
            message = "the simulator runs only inside its with block"
            raise RuntimeError(message)
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def today(self) -> date:
        """The current UTC day, or the one that was set."""
        return self._today or datetime.now(timezone.utc).date()

    @today.setter
    def today(self, day: date) -> None:
        self._today = day

    def truth(self, endpoint: str, day: date) -> list[Row]:
        """Give the rows that an endpoint holds for a day, available yet or not."""
        return self._store.rows(find(endpoint), day)

    def edit(
        self, endpoint: str, day: date, change: Callable[[list[Row]], list[Row]]
    ) -> None:
        """Revise a day: `change` gets its rows and gives those to hold from now on.

        It runs at every reading, so it must give the same for the same. Other endpoints
        stay as they are.
        """
        self._store.edit(find(endpoint), day, change)

    def facts(self, day: date) -> list[Fact]:
        """Give what the reports know of a day, as it stands today."""
        return self._ledger.facts(day, self.today)

    def revise(self, day: date, change: Callable[[list[Fact]], list[Fact]]) -> None:
        """Revise the facts of a day, and by that all six reports.

        `change` runs at every reading, so it must give the same for the same.
        """
        self._ledger.revise(day, change)

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

        They come as JSON would give them, by ascending time, with no limit to the range.
        """
        report, reports = find_report(endpoint), self._service.reports
        question = reports.question(report, (start, end), bucket_width, group_by)
        return reports.truth(report, question, self.today)

    def reply(
        self,
        endpoint: str,
        *,
        status: int = 200,
        body: object = b"",
        headers: Mapping[str, str] | None = None,
        times: int | None = None,
        when: Callable[[Request], bool] | None = None,
    ) -> None:
        """Dictate the answer to the next `times` requests, or to all of them.

        Bytes and text are sent as they are, anything else as JSON. A `content-length`
        larger than the body makes an answer that breaks off.
        """
        answer = Answer(status=status, body=as_bytes(body), headers=dict(headers or {}))
        path = endpoint if endpoint in REPORTS else find(endpoint).path
        self._script.add(path, answer, times, when)

    def _respond(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            request_id = tagged_id("req", self.options.seed, next(self._count))
        answer = self._script.find(request) or self._answer(request, request_id)
        request.status = answer.status
        return Answer(
            status=answer.status,
            body=answer.body,
            headers={"request-id": request_id, **answer.headers},
        )

    def _answer(self, request: Request, request_id: str) -> Answer:
        try:
            return Answer(status=200, body=self._service.answer(request, self.today))
        except ApiError as error:
            return Answer(
                status=error.status,
                body=as_bytes(error_body(error.status, error.message, request_id)),
            )
