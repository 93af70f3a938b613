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
    from collections.abc import Callable, Hashable
    from datetime import date

    from .endpoints import Endpoint
    from .options import Options

Row = dict[str, Any]


class Edits:
    """Changes of lists, such as the rows of a day; safe to use from many threads.

    `version` counts them, for caches to tell old lists from new ones.
    """

    def __init__(self) -> None:
        """Start without any."""
        self.version = 0
        self._lock = threading.Lock()
        self._changes: defaultdict[Hashable, list[Callable[[Any], Any]]] = defaultdict(list)

    def add(self, key: Hashable, change: Callable[[Any], Any]) -> None:
        """Change a list, after all earlier changes of it."""
        with self._lock:
            self._changes[key].append(change)
            self.version += 1

    def apply(self, key: Hashable, entries: list[Any]) -> list[Any]:
        """Give what a list is after all edits."""
        with self._lock:
            changes = tuple(self._changes.get(key, ()))
        for change in changes:
            entries = change(entries)
        return entries


class Store:
    """Rows by endpoint and day; read anew on each call, so nobody shares them."""

    def __init__(self, options: Options) -> None:
        """Found the company."""
        self.company = Company(options)
        self.edits = Edits()
        self._written = lru_cache(maxsize=100)(self._write)

    def rows(self, endpoint: Endpoint, day: date) -> list[Row]:
        """Build the rows of a day, available yet or not."""
        rows = json.loads(self._written(endpoint, day)) if day >= FLOOR else []
        return self.edits.apply((endpoint.name, day), rows)

    def _write(self, endpoint: Endpoint, day: date) -> str:
        return json.dumps(endpoint.rows(self.company, day))
