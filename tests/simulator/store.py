"""What the endpoints hold for each day: the company's rows after all edits."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .company import Company
from .options import FLOOR

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from .endpoints import Endpoint
    from .options import Options

    Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]

Row = dict[str, Any]

_CACHED_DAYS = 100


class Store:
    """Rows by endpoint and day; read anew on each call, so nobody shares them."""

    def __init__(self, options: Options) -> None:
        """Found the company."""
        self.company = Company(options)
        self._edits: defaultdict[tuple[str, date], list[Change]] = defaultdict(list)
        self._lock = threading.Lock()
        self._written = lru_cache(maxsize=_CACHED_DAYS)(self._write)

    def rows(self, endpoint: Endpoint, day: date) -> list[Row]:
        """Build the rows of a day, available yet or not."""
        rows = json.loads(self._written(endpoint, day)) if day >= FLOOR else []
        return self.edited(endpoint.name, day, rows)

    def _write(self, endpoint: Endpoint, day: date) -> str:
        return json.dumps(endpoint.rows(self.company, day))

    def edited(self, name: str, day: date, rows: list[Row]) -> list[Row]:
        """Give what the rows of a day are after all edits."""
        with self._lock:
            changes = tuple(self._edits.get((name, day), ()))
        for change in changes:
            rows = change(rows)
        return rows

    def edit(self, name: str, day: date, change: Change) -> None:
        """Change what a day holds, after all earlier changes of that day."""
        with self._lock:
            self._edits[name, day].append(change)

    def version(self, name: str, days: tuple[date, ...]) -> int:
        """Count the edits of these days, for caches to tell old rows from new ones."""
        with self._lock:
            return sum(len(self._edits.get((name, day), ())) for day in days)
