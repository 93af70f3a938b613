"""Which rows and cells the filters of a question leave."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .cells import Cell, split_rows
from .endpoints import ENDPOINTS
from .flat import is_count, pick

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from .endpoints import Endpoint
    from .flat import Flat, Path
    from .store import Row, Store
    from .teams import Teams

    Wanted = Mapping[str, frozenset[str]]

_UNIFIED = ("chat_cowork_unified_metrics", "chat")
_CHAT = ("chat_metrics",)


def fits(endpoint: Endpoint, wanted: Wanted, row: Row) -> bool:
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


def chooses(wanted: Wanted, cell: Cell, teams: Teams) -> bool:
    """Tell whether one value of each dimension fits the cell."""
    return (
        ("product" not in wanted or cell.product in wanted["product"])
        and ("user_id" not in wanted or cell.user_id in wanted["user_id"])
        and (
            "rbac_group_id" not in wanted
            or not teams.ids(wanted["rbac_group_id"]).isdisjoint(cell.teams)
        )
    )


def _spelt(dimension: str, values: frozenset[str]) -> set[str]:
    """Spell values as they are compared; 'GitHub MCP' also means 'github'."""
    folded = {value.casefold() for value in values}
    if dimension == "connector_name":
        folded |= {value.removesuffix(" mcp").replace(" ", "-") for value in folded}
    return folded


def in_projects(store: Store, users: Endpoint, wanted: Wanted, day: date) -> Iterator[Cell]:
    """Give a cell of `users` for each one who used one of the projects."""
    projects = ENDPOINTS["chat_projects"]
    used: defaultdict[str | None, list[Flat]] = defaultdict(list)
    only = {"project_id": wanted["project_id"]}
    for row, cells in split_rows(store.company, projects, store.rows(projects, day), day):
        if fits(projects, only, row):
            for cell in cells:
                used[cell.user_id].append(cell.figures)
    for row, (cell,) in split_rows(store.company, users, store.rows(users, day), day):
        if fits(users, wanted, row) and cell.user_id in used:
            yield replace(cell, figures=_limited(cell.figures, used[cell.user_id]))


def _limited(figures: Flat, parts: list[Flat]) -> Flat:
    """Give a user's figures in the projects: chat, and nothing of anything else.

    On a day with messages in Chat and Cowork unified all of it is counted there.
    """
    unified = bool(figures.get((*_UNIFIED, "message_count")))
    at = _UNIFIED if unified else _CHAT
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
