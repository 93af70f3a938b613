"""Rows cut by user, team and product, narrowed, and rolled up over several days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import localcontext
from functools import lru_cache
from typing import TYPE_CHECKING

from .cells import Cell, Split, split_rows
from .endpoints import find
from .flat import MONEY, Flat, add, is_distinct, pick, unflatten
from .matching import chooses, fits, in_projects
from .randomness import number
from .reports.facts import EXACT
from .rows.summaries import scoped
from .rules import ask_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .endpoints import Endpoint
    from .flat import Path
    from .rules import Query
    from .store import Row, Store

_TEAM = "rbac_group_id"
_USERS: Path = ("distinct_user_count",)
_CURRENCY: Path = ("currency",)
_ENABLED: Path = ("enable_count",)

_SINCE = {
    "individual_auth_distinct_user_count": date(2026, 7, 1),
    "managed_auth_distinct_user_count": date(2026, 7, 1),
    "read_call_count": date(2026, 5, 29),
    "unclassified_call_count": date(2026, 5, 29),
    "write_call_count": date(2026, 5, 29),
}
"""What a rollup has only if it begins on that day or later."""

_CACHED_DAYS = 16
_SOMETIMES = 9
"""In one of so many rows of teams nothing distinct can be counted, except users."""

Group = tuple[tuple[object, ...], tuple[str | None, ...]]
"""An entity, and a value for each dimension that was asked for."""


class Cuts:
    """Answers questions from the rows that the store holds."""

    def __init__(self, store: Store) -> None:
        """Nothing is computed before it is asked for."""
        self._store = store
        self._company = store.company
        self._splits = lru_cache(maxsize=_CACHED_DAYS)(self._split)

    def rows(self, endpoint: Endpoint, query: Query) -> list[Row]:
        """Build the rows that a question is about, in the default order."""
        wanted = query.wanted
        if query.rollup or query.group_by or wanted.keys() - endpoint.columns.keys():
            if endpoint.name == "summaries":
                return list(self._scoped(endpoint, query))
            return self._cut(endpoint, query)
        return [
            row
            for day in query.days
            for row in self._store.rows(endpoint, day)
            if fits(endpoint, wanted, row)
        ]

    def of_day(
        self, endpoint: str, day: date, group_by: Sequence[str], filters: Sequence[str]
    ) -> list[Row]:
        """Build the rows of a day, available yet or not, cut as told."""
        found = find(endpoint)
        return self.rows(found, ask_for(found, day, group_by, filters))

    def version(self, endpoint: Endpoint, query: Query) -> int:
        """Count the edits that a question sees, for caches to tell old rows from new."""
        sources = {endpoint.name}
        if "project_id" in query.wanted:
            sources.add("chat_projects")
        return sum(self._store.version(source, query.days) for source in sources)

    def _scoped(self, endpoint: Endpoint, query: Query) -> Iterator[Row]:
        teams = self._company.teams.ids(query.wanted[_TEAM])
        for day in query.days:
            for row in self._store.rows(endpoint, day):
                yield scoped(self._company, row, day, teams)

    def _cut(self, endpoint: Endpoint, query: Query) -> list[Row]:
        by_entity = endpoint.name != "users" or not query.group_by
        sums: dict[Group, _Sum] = {}
        order: dict[tuple[object, ...], int] = {}
        with localcontext(EXACT):
            for day in query.days:
                for cell in self._cells(endpoint, query, day):
                    entity = cell.entity if by_entity else ()
                    order.setdefault(entity, len(order))
                    for values in _values(cell, query.group_by):
                        total = sums.get((entity, values))
                        if total is None:
                            total = sums[entity, values] = _Sum()
                        total.add(cell)
        found = sorted(sums, key=lambda group: (order[group[0]], _nulls_last(group[1])))
        rows = [self._row(endpoint, query, group, sums[group]) for group in found]
        if query.rollup:
            own = next(iter(endpoint.sortable.values()))
            rows.sort(key=lambda row: str(pick(row, own)))
        return rows

    def _cells(self, endpoint: Endpoint, query: Query, day: date) -> Iterator[Cell]:
        """Give the cells of a day that the filters leave."""
        wanted = query.wanted
        teams = self._company.teams
        if endpoint.name == "users" and "project_id" in wanted:
            yield from in_projects(self._store, endpoint, wanted, day)
            return
        for row, cells in self._splits(
            endpoint, day, self._store.version(endpoint.name, (day,))
        ):
            if fits(endpoint, wanted, row):
                yield from (cell for cell in cells if chooses(wanted, cell, teams))

    def _split(self, endpoint: Endpoint, day: date, _version: int) -> list[Split]:
        return split_rows(self._company, endpoint, self._store.rows(endpoint, day), day)

    def _row(self, endpoint: Endpoint, query: Query, group: Group, total: _Sum) -> Row:
        figures = total.counted(users=endpoint.name != "users" or bool(query.group_by))
        for path in self._unknown(endpoint, query, group, figures):
            figures[path] = None
        if _CURRENCY in figures and all(figures.get((name,)) is None for name in MONEY):
            figures[_CURRENCY] = None
        row = unflatten(figures)
        dimensions = dict(zip(query.group_by, group[1], strict=True))
        if dimensions and endpoint.name == "users":
            row["user"] = None
        if _TEAM in dimensions:
            team = dimensions[_TEAM]
            row["rbac_group_name"] = self._company.teams.names.get(team or "")
        return row | dimensions

    def _unknown(
        self, endpoint: Endpoint, query: Query, group: Group, figures: Flat
    ) -> list[Path]:
        """List what cannot be told of a cut."""
        unknown = [path for path in figures if path == _ENABLED]
        uncountable = len(query.days) > 1 or (
            _TEAM in query.group_by
            and number(
                self._company.seed,
                "uncountable",
                endpoint.name,
                query.days[0].isoformat(),
                group,
            )
            % _SOMETIMES
            == 0
        )
        if uncountable:
            unknown += [path for path in figures if is_distinct(path)]
        if query.rollup:
            start = query.days[0]
            unknown += [path for path in figures if start < _SINCE.get(path[-1], date.min)]
        return unknown


@dataclass(slots=True)
class _Sum:
    """The sum of the cells of a group."""

    figures: Flat = field(default_factory=dict)
    people: dict[Path, set[str]] = field(default_factory=dict)

    def add(self, cell: Cell) -> None:
        """Add a cell, inside a context that is precise enough."""
        add(self.figures, cell.figures)
        if cell.user is not None:
            for path in (_USERS, *cell.counted):
                self.people.setdefault(path, set()).add(cell.user)

    def counted(self, *, users: bool) -> Flat:
        """Give the figures with every user counted once, and the users if told to."""
        figures = dict(self.figures)
        for path, people in self.people.items():
            if path == _USERS:
                figures[path] = len(people) if users else None
            elif figures[path] is not None:
                figures[path] = len(people)
        return figures


def _values(cell: Cell, dimensions: tuple[str, ...]) -> Iterator[tuple[str | None, ...]]:
    """Give the places of a cell: one in each team held, or in none."""
    teams: tuple[str | None, ...] = (None,)
    if _TEAM in dimensions:
        teams = cell.teams or (None,)
    for team in teams:
        values = {"product": cell.product, "user_id": cell.user_id, _TEAM: team}
        yield tuple(values[dimension] for dimension in dimensions)


def _nulls_last(values: tuple[str | None, ...]) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in values]
