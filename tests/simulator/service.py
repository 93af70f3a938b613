"""The API without its transport: from a request to the body of its answer."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from .access import Keys
from .cuts import Cuts
from .endpoints import BASE_PATH, BY_PATH
from .errors import ApiError, bad_request
from .flat import pick
from .limits import SlidingMinute
from .options import GENERATIONS, OLDER
from .organization.answers import Organization
from .organization.catalog import PER_MINUTE, locate
from .pages import turn_to
from .reports.answers import Reports
from .reports.catalog import REPORTS
from .rules import understand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from .endpoints import Endpoint
    from .options import Options
    from .reports.ledger import Ledger
    from .rules import Query
    from .store import Store
    from .traffic import Request

_CACHED_ANSWERS = 16
_ANALYTICS, _PER_MINUTE = "analytics", 60


class Service:
    """Answers requests from what the store holds."""

    def __init__(self, options: Options, store: Store, ledger: Ledger) -> None:
        """Keep the rows of the latest questions encoded, for the pages to come."""
        self._options = options
        self._store = store
        self.cuts = Cuts(store)
        self.keys = Keys(options)
        self.reports = Reports(options, ledger, self.keys)
        self.organization = Organization(options, store, ledger, self.keys)
        self._limits = {
            pool: SlidingMinute(count)
            for pool, count in {**PER_MINUTE, _ANALYTICS: _PER_MINUTE}.items()
        }
        self._encoded = lru_cache(maxsize=_CACHED_ANSWERS)(self._encode)

    def answer(self, request: Request, today: date) -> bytes:
        """Answer a request.

        Raises:
            ApiError: It is refused.
        """
        if request.method != "GET":
            raise ApiError(405, f"{request.method} is not allowed here, only GET")
        found = locate(request.path)
        if self._options.rate_limits:
            self._admit(found[0].pool if found else _ANALYTICS)
        if found:
            self._generation(request.headers)
            return self.organization.answer(*found, request, today)
        if request.path in REPORTS:
            generation = self._generation(request.headers)
            return self.reports.answer(request, today, generation)
        endpoint = BY_PATH.get(request.path)
        if endpoint is None:
            raise ApiError(404, f"no such endpoint below {BASE_PATH}")
        self.keys.check(request.headers)
        generation = self._generation(request.headers)
        latest = today - timedelta(days=self._options.delay_days)
        query = understand(endpoint, request.params, latest)
        rows, more, cursor = turn_to(
            self._options,
            self._encoded(endpoint, query, self.cuts.version(endpoint, query)),
            query.limit if endpoint.paginated or query.group_by else None,
            (endpoint.name, request.params),
            query.days,
        )
        if generation == OLDER and endpoint.name == "summaries":
            return b'{"summaries": [%b]}' % b", ".join(rows)
        return b'{"data": [%b], "next_page": %b}' % (
            b", ".join(rows),
            json.dumps(cursor if more else None).encode(),
        )

    def _admit(self, pool: str) -> None:
        wait = self._limits[pool].admit()
        if wait > 0:
            raise ApiError(
                429,
                f"this organization has sent {self._limits[pool].per_minute} requests "
                f"within a minute to {pool}",
                headers={"retry-after": f"{math.ceil(wait * 1000) / 1000:.3f}"},
            )

    def _generation(self, headers: Mapping[str, str]) -> str:
        default = self._options.generation
        asked = headers.get("anthropic-version", default)
        if asked not in GENERATIONS:
            message = f"anthropic-version: {asked!r} is not one of {', '.join(GENERATIONS)}"
            raise bad_request(message)
        return default if self._options.force_generation else asked

    def _encode(self, endpoint: Endpoint, query: Query, _version: int) -> list[bytes]:
        rows = self.cuts.rows(endpoint, query)
        if query.order_by:
            path = endpoint.sortable[query.order_by]
            unknown = [row for row in rows if pick(row, path) is None]
            known = [row for row in rows if pick(row, path) is not None]
            rows = (
                sorted(known, key=lambda row: pick(row, path), reverse=query.descending)
                + unknown
            )
        return [json.dumps(row, ensure_ascii=False).encode() for row in rows]
