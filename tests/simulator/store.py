"""What the endpoints hold for each day: the company's rows after all edits."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from .company import Company
from .options import FLOOR

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from .endpoints import Endpoint
    from .options import Options

Row = dict[str, Any]

_CACHED_DAYS = 1000


class Named(Protocol):
    """An endpoint of either kind."""

    @property
    def name(self) -> str:
        """The name under which its edits are kept."""


class Store:
    """Rows by endpoint and day; read anew on each call, so nobody shares them."""

    def __init__(self, options: Options) -> None:
        """Found the company."""
        self.company = Company(options)
        self._edits: defaultdict[
            tuple[str, date], list[Callable[[list[Row]], list[Row]]]
        ] = defaultdict(list)
        self._lock = threading.Lock()
        self._written = lru_cache(maxsize=_CACHED_DAYS)(self._write)

    def rows(self, endpoint: Endpoint, day: date) -> list[Row]:
        """Build the rows of a day, available yet or not."""
        rows = json.loads(self._written(endpoint, day)) if day >= FLOOR else []
        return self.edited(endpoint, day, rows)

    def _write(self, endpoint: Endpoint, day: date) -> str:
        return json.dumps(endpoint.rows(self.company, day))

    def edited(self, endpoint: Named, day: date, rows: list[Row]) -> list[Row]:
        """Give what the rows of a day are after all edits."""
        with self._lock:
            changes = tuple(self._edits.get((endpoint.name, day), ()))
        for change in changes:
            rows = change(rows)
        return rows

    def edit(
        self, endpoint: Named, day: date, change: Callable[[list[Row]], list[Row]]
    ) -> None:
        """Change what a day holds, after all earlier changes of that day."""
        with self._lock:
            self._edits[endpoint.name, day].append(change)

    def version(self, endpoint: Named, days: tuple[date, ...]) -> int:
        """Count the edits of these days, for caches to tell old rows from new ones."""
        with self._lock:
            return sum(len(self._edits.get((endpoint.name, day), ())) for day in days)
