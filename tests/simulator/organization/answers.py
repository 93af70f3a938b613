"""Answers to questions about people, teams and limits, as they are at this moment."""

from __future__ import annotations

import itertools
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.simulator.errors import ApiError, bad_request
from tests.simulator.pages import turn_to

from .catalog import Paging
from .groups import Groups
from .invites import invites
from .members import members
from .rules import understand
from .spending import Spending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from tests.simulator.access import Key, Keys
    from tests.simulator.options import Options
    from tests.simulator.reports.ledger import Ledger
    from tests.simulator.store import Row, Store
    from tests.simulator.traffic import Request

    from .catalog import Resource
    from .rules import Query

_CACHED_LISTS = 12


class Organization:
    """Answers requests; a day is known as it is at noon."""

    def __init__(self, options: Options, store: Store, ledger: Ledger, keys: Keys) -> None:
        """Take what the rows are made from, and who may read them."""
        self._options = options
        self._store = store
        self._ledger = ledger
        self._keys = keys
        self._known = lru_cache(maxsize=_CACHED_LISTS)(self._build)
        company = store.company
        spending = Spending(company, ledger)
        groups = Groups(company)
        self._rows: Mapping[str, Callable[[date], list[Row]]] = {
            "members": lambda day: members(company, day),
            "invites": lambda day: invites(company, day),
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
        version = self._store.version(name, (day,))
        return self._known(name, day, version, self._ledger.version())

    def _build(self, name: str, day: date, _edits: int, _revisions: int) -> list[Row]:
        return self._store.edited(name, day, self._rows[name](day))

    def answer(
        self, resource: Resource, group: str | None, request: Request, today: date
    ) -> bytes:
        """Answer a request.

        Raises:
            ApiError: It is refused.
        """
        self._check_access(
            resource, self._keys.check(request.headers, resource.scopes, refusal=401)
        )
        query = understand(resource, request.params, console=self._options.console)
        if group is not None and group not in {
            team["id"] for team in self._current("teams", today)
        }:
            raise ApiError(404, f"RBAC group {group!r} not found")
        rows = [
            row
            for row in self._current(resource.name, today)
            if (group is None or row["rbac_group_id"] == group) and query.fits(row)
        ]
        if resource.paging is Paging.ID:
            return _encode(_page_by_id(rows, query))
        return _encode(self._page(resource, rows, query, request))

    def _check_access(self, resource: Resource, key: Key) -> None:
        if self._options.console and resource.enterprise:
            message = "this endpoint serves Claude Enterprise organizations only"
            raise ApiError(400, message, code="organization_type_not_supported")
        if resource.linked and not key.linked:
            message = (
                "this key belongs to one organization; "
                "this endpoint needs a key for all linked organizations"
            )
            raise ApiError(403, message)

    def _page(
        self, resource: Resource, rows: list[Row], query: Query, request: Request
    ) -> Row:
        """Take the page of a cursor; a member's periods are never on two pages."""
        by_member = resource.name == "spend_limits"
        groups = [
            list(group)
            for _, group in itertools.groupby(
                enumerate(rows),
                key=lambda pair: pair[1]["scope"]["user_id"] if by_member else pair[0],
            )
        ]
        page, more, cursor = turn_to(
            self._options,
            groups,
            query.limit,
            (request.path, request.params),
            sorted(query.lists),
        )
        return {
            "data": [row for group in page for _, row in group],
            "next_page": cursor if more else None,
        }


def _page_by_id(rows: list[Row], query: Query) -> Row:
    """Take the rows after an object, or those before one."""
    ids = [row["id"] for row in rows]
    start, end = 0, len(rows)
    if query.after_id is not None:
        start = _place(ids, query.after_id, "after_id") + 1
    if query.before_id is not None:
        end = _place(ids, query.before_id, "before_id")
        start = max(0, end - query.limit)
    page = rows[start:end][: query.limit]
    more = start > 0 if query.before_id is not None else start + len(page) < end
    return {
        "data": page,
        "has_more": more,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
    }


def _place(ids: list[Any], wanted: str, name: str) -> int:
    if wanted not in ids:
        message = f"{name}: there is no {wanted!r} here"
        raise bad_request(message)
    return ids.index(wanted)


def _encode(body: Row) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
