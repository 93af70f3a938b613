"""What the files beside this module hold: names, and what endpoints take and tell."""

import json
from pathlib import Path
from typing import Any

#: A row, or another object of JSON.
Row = dict[str, Any]


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name(name).read_text("utf-8"))
    return found


NAMES: dict[str, list[str]] = _read("names.json")
CATALOG = _read("endpoints.json")


def sets(lists: dict[str, list[str]]) -> dict[str, frozenset[str]]:
    """Give the allowed values by parameter or dimension; none means anything."""
    return {name: frozenset(values) for name, values in lists.items()}
