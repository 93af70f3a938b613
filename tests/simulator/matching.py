"""Which rows and cells the filters of a question leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .flat import pick

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .cells import Cell
    from .endpoints import Endpoint
    from .store import Row
    from .teams import Teams

    Wanted = Mapping[str, frozenset[str]]


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
