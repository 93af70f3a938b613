"""What users did in certain chat projects, as rows of `users` tell it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .cells import Cell, split_rows
from .endpoints import ENDPOINTS
from .flat import is_count
from .matching import fits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from .endpoints import Endpoint
    from .flat import Flat, Path
    from .matching import Wanted
    from .store import Store

_UNIFIED = ("chat_cowork_unified_metrics", "chat")
_CHAT = ("chat_metrics",)


def in_projects(store: Store, users: Endpoint, wanted: Wanted, day: date) -> Iterator[Cell]:
    """Give a cell for each user who used one of the projects."""
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
