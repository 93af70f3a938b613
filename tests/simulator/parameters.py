"""Rules of the query parameters that all endpoints share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

Parameters = Mapping[str, Sequence[str]]
"""Decoded parameters, each with every value that was sent."""

MAX_ENTRIES = 100
_MAX_LIMIT = 1000


def read_scalars(parameters: Parameters, known: Collection[str]) -> dict[str, str]:
    """Give the parameters that have one value, once all names are checked.

    Raises:
        ApiError: There is none of the name, or it was given twice.
    """
    for name, values in parameters.items():
        if name not in known:
            message = f"{name}: unknown; known are {_listed(known)}"
            raise bad_request(message)
        if not name.endswith("[]") and len(values) > 1:
            message = f"{name}: given {len(values)} times"
            raise bad_request(message)
    return {
        name: values[0] for name, values in parameters.items() if not name.endswith("[]")
    }


def read_limit(scalars: Mapping[str, str], default: int, most: int = _MAX_LIMIT) -> int:
    """Read how long a page is.

    Raises:
        ApiError: It is not a number within the bounds.
    """
    text = scalars.get("limit", str(default))
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= most:
        message = f"limit: must be from 1 to {most}, got {text!r}"
        raise bad_request(message)
    return int(text)


def check_one_of(about: str, value: str, allowed: Collection[str]) -> None:
    """Check a value that has to be one of several.

    Raises:
        ApiError: It is none of them.
    """
    if value not in allowed:
        message = f"{about} {value!r} is not one of {_listed(allowed)}"
        raise bad_request(message)


def check_entries(name: str, values: Sequence[str]) -> None:
    """Check how many entries a list has.

    Raises:
        ApiError: There are too many.
    """
    if len(values) > MAX_ENTRIES:
        message = f"{name}: at most {MAX_ENTRIES} entries, got {len(values)}"
        raise bad_request(message)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
