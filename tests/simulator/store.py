"""What the endpoints hold, after all edits, cut and rolled up as a question asks."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any

from .activity import scoped
from .cells import MONEY, Cell, Flat, is_count, pick, split_rows, unflatten
from .company import Company
from .data import Row
from .endpoints import ENDPOINTS, Endpoint, Path, Query
from .options import FLOOR, Options
from .randomness import number
from .reports.facts import EXACT

Wanted = Mapping[str, frozenset[str]]
Group = tuple[tuple[object, ...], tuple[str | None, ...]]
"""An entity, and a value for each dimension that was asked for."""


_TEAM = "rbac_group_id"
_USERS = ("distinct_user_count",)
_CURRENCY = ("currency",)
_ENABLED: Path = ("enable_count",)
# What a sum can always tell: users are counted, and nothing is created twice.
_ALWAYS_COUNTED = {
    "distinct_artifacts_created_count",
    "distinct_projects_created_count",
    "distinct_user_count",
}
# In one of so many rows of teams nothing distinct can be counted, except users.
_SOMETIMES = 9


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


@dataclass(slots=True)
class _Sum:
    """The sum of the cells of a group."""

    figures: Flat = field(default_factory=dict)
    people: defaultdict[Path, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, cell: Cell) -> None:
        """Add a cell, inside a context that is precise enough.

        A count is null where any part is; money is the sum of what is known. Of what is
        no figure the later one stays, if there is one.
        """
        for path, value in cell.figures.items():
            if path not in self.figures:
                self.figures[path] = value
                continue
            so_far = self.figures[path]
            if type(value) is type(so_far) and type(value) in {int, Decimal}:
                self.figures[path] = so_far + value
            elif is_count(so_far) or is_count(value):
                self.figures[path] = None
            elif value is not None:
                self.figures[path] = value
        if cell.user is not None:
            for path in (_USERS, *cell.counted):
                self.people[path].add(cell.user)

    def counted(self, *, users: bool) -> Flat:
        """Give the figures with every user counted once, and the users if told to."""
        figures = dict(self.figures)
        for path, people in self.people.items():
            if path == _USERS:
                figures[path] = len(people) if users else None
            elif figures[path] is not None:
                figures[path] = len(people)
        return figures


class Store:
    """Rows of the company by endpoint and day, and the answers to questions about them."""

    def __init__(self, options: Options) -> None:
        """Found the company; nothing else is computed before it is asked for."""
        self.company = Company(options)
        self.edits = Edits()
        self._written = lru_cache(maxsize=100)(self._write)
        self._splits = lru_cache(maxsize=16)(self._split)

    def _held(self, endpoint: Endpoint, day: date) -> list[Row]:
        """Read the rows of a day anew, available yet or not, so that nobody shares them."""
        rows = json.loads(self._written(endpoint, day)) if day >= FLOOR else []
        return self.edits.apply((endpoint.name, day), rows)

    def _write(self, endpoint: Endpoint, day: date) -> str:
        return json.dumps(endpoint.rows(self.company, day))

    def rows(self, query: Query) -> list[Row]:
        """Build the rows that a question is about, in the order of the API."""
        endpoint, wanted = query.endpoint, query.wanted
        if not query.group_by and wanted.keys() <= endpoint.columns.keys():
            return [
                row
                for day in query.days
                for row in self._held(endpoint, day)
                if _fits(endpoint, wanted, row)
            ]
        if endpoint.name == "summaries":
            teams = self.company.teams.ids(wanted[_TEAM])
            return [
                scoped(self.company, row, day, teams)
                for day in query.days
                for row in self._held(endpoint, day)
            ]
        return self._cut(query)

    def _cut(self, query: Query) -> list[Row]:
        by_entity = query.endpoint.name != "users" or not query.group_by
        sums: defaultdict[Group, _Sum] = defaultdict(_Sum)
        order: dict[tuple[object, ...], int] = {}
        with localcontext(EXACT):
            for day in query.days:
                for cell in self._cells(query, day):
                    entity = cell.entity if by_entity else ()
                    order.setdefault(entity, len(order))
                    for values in _values(cell, query.group_by):
                        sums[entity, values].add(cell)

        def place(group: Group) -> tuple[int, list[tuple[bool, str]]]:
            nulls_last = [(value is None, value or "") for value in group[1]]
            return order[group[0]], nulls_last

        return [self._row(query, group, sums[group]) for group in sorted(sums, key=place)]

    def _cells(self, query: Query, day: date) -> Iterator[Cell]:
        """Give the cells of a day that the filters leave."""
        endpoint, wanted = query.endpoint, query.wanted
        if endpoint.name == "users" and "project_id" in wanted:
            yield from self._in_projects(endpoint, wanted, day)
            return
        teams = self.company.teams.ids(wanted.get(_TEAM, ()))
        for row, cells in self._splits(endpoint, day, self.edits.version):
            if _fits(endpoint, wanted, row):
                for cell in cells:
                    if (
                        ("product" not in wanted or cell.product in wanted["product"])
                        and ("user_id" not in wanted or cell.user_id in wanted["user_id"])
                        and (_TEAM not in wanted or not teams.isdisjoint(cell.teams))
                    ):
                        yield cell

    def _split(
        self, endpoint: Endpoint, day: date, _version: int
    ) -> list[tuple[Row, list[Cell]]]:
        return split_rows(self.company, endpoint, self._held(endpoint, day), day)

    def _in_projects(self, users: Endpoint, wanted: Wanted, day: date) -> Iterator[Cell]:
        """Give a cell of `users` for each one who used one of the projects."""
        projects = ENDPOINTS["chat_projects"]
        used: defaultdict[str | None, list[Flat]] = defaultdict(list)
        for row, cells in self._splits(projects, day, self.edits.version):
            if row["project_id"] in wanted["project_id"]:
                for cell in cells:
                    used[cell.user_id].append(cell.figures)
        for row, (cell,) in self._splits(users, day, self.edits.version):
            if _fits(users, wanted, row) and cell.user_id in used:
                yield replace(cell, figures=_limited(cell.figures, used[cell.user_id]))

    def _row(self, query: Query, group: Group, total: _Sum) -> Row:
        of_users = query.endpoint.name == "users"
        figures = total.counted(users=not of_users or bool(query.group_by))
        for path in self._unknown(query, group, figures):
            figures[path] = None
        if _CURRENCY in figures and all(figures.get((name,)) is None for name in MONEY):
            figures[_CURRENCY] = None
        row = unflatten(figures)
        dimensions = dict(zip(query.group_by, group[1], strict=True))
        if dimensions and of_users:
            row["user"] = None
        if _TEAM in dimensions:
            row["rbac_group_name"] = self.company.teams.names.get(dimensions[_TEAM] or "")
        return row | dimensions

    def _unknown(self, query: Query, group: Group, figures: Flat) -> list[Path]:
        """List what cannot be told of a cut."""
        unknown = [_ENABLED] if _ENABLED in figures else []
        key = ("uncountable", query.endpoint.name, query.days[0].isoformat(), group)
        dice = number(self.company.seed, *key)
        if len(query.days) > 1 or (_TEAM in query.group_by and dice % _SOMETIMES == 0):
            unknown += [path for path in figures if _is_distinct(path[-1])]
        return unknown


def _is_distinct(name: str) -> bool:
    """Tell whether a leaf counts distinct things, which may be beyond computation."""
    counts = name.startswith("distinct_") and name not in _ALWAYS_COUNTED
    return counts or name == "sessions_with_file_edits_count"


def _values(cell: Cell, dimensions: tuple[str, ...]) -> Iterator[tuple[str | None, ...]]:
    """Give the places of a cell: one in each team held, or in none."""
    for team in (cell.teams if _TEAM in dimensions else ()) or (None,):
        values = {"product": cell.product, "user_id": cell.user_id, _TEAM: team}
        yield tuple(values[dimension] for dimension in dimensions)


def _fits(endpoint: Endpoint, wanted: Wanted, row: Row) -> bool:
    """Tell whether one value of each dimension fits the row, whatever its case."""
    return all(
        not {
            str(value).casefold()
            for path in endpoint.columns[dimension]
            if (value := pick(row, path)) is not None
        }.isdisjoint(_spelt(dimension, values))
        for dimension, values in wanted.items()
        if dimension in endpoint.columns
    )


def _spelt(dimension: str, values: frozenset[str]) -> set[str]:
    """Spell values as they are compared; 'GitHub MCP' also means 'github'."""
    folded = {value.casefold() for value in values}
    if dimension == "connector_name":
        folded |= {value.removesuffix(" mcp").replace(" ", "-") for value in folded}
    return folded


def _limited(figures: Flat, parts: list[Flat]) -> Flat:
    """Give a user's figures in the projects: chat, and nothing of anything else.

    On a day with messages in Chat and Cowork unified all of it is counted there.
    """
    unified = ("chat_cowork_unified_metrics", "chat")
    at = unified if figures.get((*unified, "message_count")) else ("chat_metrics",)
    conversations = [part["distinct_conversation_count",] for part in parts]
    known: dict[Path, Any] = {
        (*at, "message_count"): sum(part["message_count",] for part in parts),
        (*at, "distinct_conversation_count"): None
        if None in conversations
        else sum(conversations),
        (*at, "distinct_projects_used_count"): len(parts),
    }
    nothing = {
        path: 0 if is_count(value) or (value is None and len(path) > 1) else value
        for path, value in figures.items()
    }
    return nothing | known
