"""Answers to questions about people, teams and limits, as they are at this moment."""

from __future__ import annotations

import itertools
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.simulator.protocol import (
    check_entries,
    check_one_of,
    read_limit,
    read_scalars,
    refuse,
    turn_to,
)

from .people import ROLES, Groups, invites, members
from .spending import Spending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from tests.simulator.protocol import Keys, Parameters
    from tests.simulator.reports.ledger import Ledger
    from tests.simulator.store import Row, Store
    from tests.simulator.traffic import Request

    from .catalog import Resource

# Where a row holds what a list is compared with.
_COLUMNS = {
    "actor_ids[]": ("actor", "user_id"),
    "period[]": ("period",),
    "roles[]": ("role",),
    "status[]": ("status",),
    "statuses[]": ("status",),
    "user_ids[]": ("actor", "user_id"),
}


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
        self._check_access(resource, request)
        scalars = read_scalars(request.params, resource.parameters)
        if scalars.keys() >= {"after_id", "before_id"}:
            refuse("after_id: use either after_id or before_id, not both")
        limit = read_limit(scalars, 20)
        lists = self._lists(resource, request.params)
        if group is not None and group not in {
            team["id"] for team in self._current("teams", today)
        }:
            refuse(f"RBAC group {group!r} not found", 404)
        rows = [
            row
            for row in self._current(resource.name, today)
            if (group is None or row["rbac_group_id"] == group)
            and all(_held(row, name) in values for name, values in lists.items())
        ]
        if "email" in scalars:
            email = scalars["email"].strip().casefold()
            rows = [row for row in rows if str(row["email"]).casefold() == email]
        if resource.by_id:
            body = _page_by_id(rows, limit, scalars)
        else:
            # A member's periods are never on two pages.
            by_member = resource.name == "spend_limits"
            groups = [
                [row for _, row in group]
                for _, group in itertools.groupby(
                    enumerate(rows),
                    key=lambda pair: pair[1]["scope"]["user_id"] if by_member else pair[0],
                )
            ]
            asked = request.path, request.params
            page, more, cursor = turn_to(self._options, groups, limit, asked, sorted(lists))
            data = [row for group in page for row in group]
            body = {"data": data, "next_page": cursor if more else None}
        return json.dumps(body, ensure_ascii=False).encode()

    def _check_access(self, resource: Resource, request: Request) -> None:
        key = self._keys.check(request.headers, resource.scopes, refusal=401)
        if self._options.console and resource.enterprise:
            message = "this endpoint serves Claude Enterprise organizations only"
            refuse(message, 400, "organization_type_not_supported")
        if resource.linked and not key.linked:
            refuse(
                "this key belongs to one organization; "
                "this endpoint needs a key for all linked organizations",
                403,
            )

    def _lists(
        self, resource: Resource, parameters: Parameters
    ) -> dict[str, frozenset[str]]:
        lists = {}
        for name, known in resource.lists.items():
            values = parameters.get(name, ())
            roles = ROLES.values() if self._options.console else ROLES
            allowed = roles if name == "roles[]" else known
            for value in values if allowed else ():
                check_one_of(f"{name}:", value, allowed)
            check_entries(name, values)
            if values:
                lists[name] = frozenset(values)
        return lists


def _held(row: Row, name: str) -> object:
    value: Any = row
    for key in _COLUMNS[name]:
        value = value[key]
    return value


def _page_by_id(rows: list[Row], limit: int, scalars: Mapping[str, str]) -> Row:
    """Take the rows after an object, or those before one."""
    ids = [row["id"] for row in rows]
    for name in scalars.keys() & {"after_id", "before_id"}:
        if scalars[name] not in ids:
            refuse(f"{name}: there is no {scalars[name]!r} here")
    start, end = 0, len(rows)
    if "after_id" in scalars:
        start = ids.index(scalars["after_id"]) + 1
    if "before_id" in scalars:
        end = ids.index(scalars["before_id"])
        start = max(0, end - limit)
    page = rows[start:end][:limit]
    more = start > 0 if "before_id" in scalars else start + len(page) < end
    return {
        "data": page,
        "has_more": more,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
    }
