"""What the endpoints hold, after all edits, cut and rolled up as a question asks."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import date
from decimal import localcontext
from functools import lru_cache
from itertools import chain, product
from typing import Any

from .activity import scoped
from .cells import MONEY, TEAM, Cell, is_figure, split_rows
from .company import Company
from .data import Row
from .endpoints import Endpoint, Query
from .options import FLOOR, Options
from .reports.facts import EXACT

Wanted = Mapping[str, frozenset[str]]

# What a whole row cannot be asked for.
_DIMENSIONS = {"product", "user_id", TEAM}


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
    """Rows of the company by endpoint and day, and the answers to questions about them."""

    def __init__(self, options: Options) -> None:
        """Found the company; nothing else is computed before it is asked for."""
        self.company = Company(options)
        self.edits = Edits()
        self._written = lru_cache(maxsize=100)(self._write)

    def _held(self, endpoint: Endpoint, day: date) -> list[Row]:
        """Read the rows of a day anew, available yet or not, so that nobody shares them."""
        rows = json.loads(self._written(endpoint, day)) if day >= FLOOR else []
        return self.edits.apply((endpoint.name, day), rows)

    def _write(self, endpoint: Endpoint, day: date) -> str:
        return json.dumps(endpoint.rows(self.company, day))

    def rows(self, query: Query) -> list[Row]:
        """Build the rows that a question is about, in the order of the API."""
        endpoint, wanted = query.endpoint, query.wanted
        days = {
            day: [row for row in self._held(endpoint, day) if _fits(row, wanted)]
            for day in query.days
        }
        if not query.group_by and wanted.keys().isdisjoint(_DIMENSIONS):
            return [*chain.from_iterable(days.values())]
        if endpoint.name == "summaries":
            return [
                scoped(self.company, row, day, wanted[TEAM])
                for day, rows in days.items()
                for row in rows
            ]
        with localcontext(EXACT):
            things = [
                [cell for cell in cells if _is_wanted(cell, wanted)]
                for day, rows in days.items()
                for cells in split_rows(self.company, endpoint, rows, day)
            ]
            if endpoint.name == "users" and query.group_by:
                # Teams have one row, whoever is in them.
                things = [[*chain.from_iterable(things)]]
            return [row for cells in things for row in self._groups(query, cells)]

    def _groups(self, query: Query, cells: list[Cell]) -> Iterator[Row]:
        """Build a row for each group of the cells, those without a value last."""
        groups: defaultdict[tuple[str | None, ...], list[Cell]] = defaultdict(list)
        for cell in cells:
            for values in product(*(cell.dimensions[name] for name in query.group_by)):
                groups[values].append(cell)
        of_users = query.endpoint.name == "users"
        for values in sorted(groups, key=lambda group: [(v is None, v) for v in group]):
            row = _sum([cell.figures for cell in groups[values]])
            row |= {n: str(row[n]) for n in MONEY if row.get(n) is not None}
            if "enable_count" in row:
                row["enable_count"] = None
            if query.group_by or not of_users:
                row["distinct_user_count"] = len({cell.user for cell in groups[values]})
            if query.group_by and of_users:
                row["user"] = None
            row |= zip(query.group_by, values, strict=True)
            if TEAM in query.group_by:
                row["rbac_group_name"] = self.company.teams.names.get(row[TEAM] or "")
            yield row


def _fits(row: Row, wanted: Wanted) -> bool:
    """Tell whether a row has one of the values of each dimension that it names."""
    return all(
        str(row[name]).lower() in {value.lower() for value in values}
        for name, values in wanted.items()
        if name in row
    )


def _is_wanted(cell: Cell, wanted: Wanted) -> bool:
    """Tell the same of a cell, of whose teams one is enough."""
    return all(
        not values.isdisjoint(cell.dimensions[name])
        for name, values in wanted.items()
        if name in cell.dimensions
    )


def _sum(rows: Sequence[Row]) -> Row:
    """Add up what the cells of a group hold."""
    names = dict.fromkeys(chain.from_iterable(rows))
    return {name: _total([row[name] for row in rows if name in row]) for name in names}


def _total(values: Sequence[object]) -> object:
    """Add up values of one field.

    A figure is null where any part is, but a block beats its being null. Of what is no
    figure the latest one stays.
    """
    if blocks := [value for value in values if isinstance(value, dict)]:
        return _sum(blocks)
    if figures := [value for value in values if is_figure(value)]:
        return sum(figures) if len(figures) == len(values) else None
    return next((value for value in reversed(values) if value is not None), None)
