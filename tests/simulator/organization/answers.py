"""Answers to questions about people, teams and limits, as they are at this moment."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from itertools import groupby

from tests.simulator.data import Row
from tests.simulator.protocol import Keys, read_limit, read_scalars, refuse, turn_to
from tests.simulator.reports.ledger import Ledger
from tests.simulator.store import Store
from tests.simulator.traffic import Request

from .catalog import Resource
from .people import Groups, invites, members
from .spending import Spending


class Organization:
    """Answers requests; a day is known as it is at noon."""

    def __init__(self, store: Store, ledger: Ledger, keys: Keys) -> None:
        """Take what the rows are made from, and who may read them."""
        self._options = store.company.options
        self._store = store
        self._keys = keys
        self._known = lru_cache(maxsize=12)(self._build)
        spending, groups = Spending(store.company, ledger), Groups(store.company)
        self._rows: Mapping[str, Callable[[date], list[Row]]] = {
            "members": lambda day: members(store.company, day),
            "invites": lambda day: invites(store.company, day),
            "spend_limits": spending.limits,
            "spend_limit_requests": spending.requests,
            "teams": groups.teams,
            "team_members": groups.members,
        }

    def truth(self, name: str, day: date) -> list[Row]:
        """Give all rows of a day, the members of teams team by team, after all edits."""
        rows: list[Row] = json.loads(json.dumps(self._current(name, day)))
        return rows

    def _current(self, name: str, day: date) -> list[Row]:
        return self._known(name, day, self._store.edits.version)

    def _build(self, name: str, day: date, _version: int) -> list[Row]:
        return self._store.edits.apply((name, day), self._rows[name](day))

    def answer(
        self, resource: Resource, group: str | None, request: Request, today: date
    ) -> bytes:
        """Answer a request, or raise what refuses it."""
        key = self._keys.check(request.headers, resource.scopes, refusal=401)
        if resource.linked and not key.linked:
            refuse(
                "this key belongs to one organization; "
                "this endpoint needs a key for all linked organizations",
                403,
            )
        cursor = "after_id" if resource.by_id else "page"
        scalars = read_scalars(request.params, {"limit", cursor})
        limit = read_limit(scalars, 20)
        rows = self._current(resource.name, today)
        if group is not None:
            if all(group != team["id"] for team in self._current("teams", today)):
                refuse(f"RBAC group {group!r} not found", 404)
            rows = [row for row in rows if row["rbac_group_id"] == group]
        if resource.by_id:
            body = _page_by_id(rows, limit, scalars.get("after_id"))
        else:
            chunks = [[row] for row in rows]
            if resource.name == "spend_limits":
                # A member's periods are never on two pages.
                members = groupby(rows, key=lambda row: row["scope"]["user_id"])
                chunks = [list(periods) for _, periods in members]
            asked = request.path, request.params
            page, more, cursor = turn_to(self._options, chunks, limit, asked, ())
            data = [row for chunk in page for row in chunk]
            body = {"data": data, "next_page": cursor if more else None}
        return json.dumps(body, ensure_ascii=False).encode()


def _page_by_id(rows: list[Row], limit: int, after: str | None) -> Row:
    """Take the rows after an object."""
    ids = [row["id"] for row in rows]
    if after is not None and after not in ids:
        refuse(f"after_id: there is no {after!r} here")
    start = 0 if after is None else ids.index(after) + 1
    page = ids[start : start + limit]
    return {
        "data": rows[start : start + limit],
        "has_more": start + limit < len(rows),
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }
