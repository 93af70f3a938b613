"""Steps for the rows of daily activity: lifted columns, keys, money and groups."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.common.names import ADDITIONAL_FIELDS, TEAM
from tap_claude_analytics.records.money import exact_amount

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from tap_claude_analytics.records.day import Day, Row

#: Fields that only grouped answers have.
GROUP_FIELDS = frozenset({"product", TEAM, "rbac_group_name", "user_id"})
#: The value of a key for rows without one: people in no team, an unknown product.
NONE = "(none)"

#: Amounts of skills: decimal strings in cents.
SKILL_AMOUNTS = ("attributed_list_price", "estimated_overage_spend")


def lift_user(rows: Iterable[Row], _day: Day) -> Iterator[Row]:
    """Add the columns of the user, which the API nests."""
    for row in rows:
        user = row.get("user") or {}
        row["user_id"] = user.get("id")
        row["email_address"] = user.get("email_address")
        yield row


def exact_skill_amounts(rows: Iterable[Row], _day: Day) -> Iterator[Row]:
    """Turn the amounts of skills into exact numbers, in cents.

    Raises:
        RowError: If an amount is not a decimal number.
    """
    for row in rows:
        for name in SKILL_AMOUNTS:
            row[name] = exact_amount(name, row.get(name))
        yield row


def plugin_keys(rows: Iterable[Row], _day: Day) -> Iterator[Row]:
    """Add a key that is the same for the same plugin at every reading.

    Rows without a ``plugin_id`` may share a name, and only their order tells them apart, so
    they are numbered: among those of one user, team or product where rows are grouped.
    """
    count: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        name, identity = row.get("plugin_name"), row.get("plugin_id")
        if identity is not None:
            row["plugin_key"] = f"id:{identity}"
        elif name is not None:
            same_name = (name, *(row.get(field) for field in sorted(GROUP_FIELDS)))
            count[same_name] += 1
            row["plugin_key"] = f"name:{name}:{count[same_name]}"
        yield row


def name_no_group(rows: Iterable[Row], _day: Day, *, dimension: str) -> Iterator[Row]:
    """Give rows without a value of the dimension that groups them the key ``(none)``.

    A value of another type is no missing value: it is in ``additional_fields``.
    """
    for row in rows:
        misfits = row[ADDITIONAL_FIELDS] or {}
        if row.get(dimension) is None and dimension not in misfits:
            row[dimension] = NONE
        yield row


def only_teams(rows: Iterable[Row], _day: Day, *, teams: Collection[str]) -> Iterator[Row]:
    """Leave out the rows of other teams.

    A filter by team selects people. Of other teams that these people are also in, the rows
    of the API would count only a part.

    Raises:
        RowError: If the team of a row is not a string.
    """
    for row in rows:
        if team_of({**row, **(row[ADDITIONAL_FIELDS] or {})}) in teams:
            yield row


def team_of(row: Row) -> str | None:
    """Return the team of a row of teams, None for people in no team.

    Raises:
        RowError: If it is not a string.
    """
    team = row.get(TEAM)
    if team is None or isinstance(team, str):
        return team
    msg = f"a row whose {TEAM} is not a string"
    raise RowError(msg)
