"""The API without its transport: from a request to the body of its answer."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from .cuts import Cuts
from .endpoints import BASE_PATH, BY_PATH, understand
from .options import GENERATIONS, OLDER
from .organization.answers import Organization
from .organization.catalog import locate
from .protocol import Keys, refuse, turn_to
from .reports.answers import Reports
from .reports.catalog import REPORTS

if TYPE_CHECKING:
    from datetime import date

    from .endpoints import Query
    from .options import Options
    from .reports.ledger import Ledger
    from .store import Store
    from .traffic import Request


class Service:
    """Answers requests from what the store and the ledger hold."""

    def __init__(self, options: Options, store: Store, ledger: Ledger) -> None:
        """Keep the rows of the latest questions encoded, for the pages to come."""
        self._options = options
        self._edits = store.edits
        self.cuts = Cuts(store)
        self.keys = Keys(options)
        self.reports = Reports(options, ledger, self.keys)
        self.organization = Organization(options, store, ledger, self.keys)
        self._encoded = lru_cache(maxsize=16)(self._encode)

    def answer(self, request: Request, today: date) -> bytes:
        """Answer a request, or raise what refuses it."""
        if request.method != "GET":
            refuse(f"{request.method} is not allowed here, only GET", 405)
        if found := locate(request.path):
            self._generation(request)
            return self.organization.answer(*found, request, today)
        if request.path in REPORTS:
            return self.reports.answer(request, today, self._generation(request))
        endpoint = BY_PATH.get(request.path)
        if endpoint is None:
            refuse(f"no such endpoint below {BASE_PATH}", 404)
        self.keys.check(request.headers)
        generation = self._generation(request)
        latest = today - timedelta(days=self._options.delay_days)
        query = understand(endpoint, request.params, latest)
        rows, more, cursor = turn_to(
            self._options,
            self._encoded(query, self._edits.version),
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
        default = self._options.generation
        asked = request.headers.get("anthropic-version", default)
        if asked not in GENERATIONS:
            refuse(f"anthropic-version: {asked!r} is not one of {', '.join(GENERATIONS)}")
        return default if self._options.force_generation else asked

    def _encode(self, query: Query, _version: int) -> list[bytes]:
        return [
            json.dumps(row, ensure_ascii=False).encode() for row in self.cuts.rows(query)
        ]
