"""Pages of rows, and cursors that each belong to one set of parameters."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, TypeVar

from .errors import bad_request
from .randomness import digest, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Row = TypeVar("_Row")


def cut(rows: list[_Row], limit: int, *, empty_page: int | None = None) -> list[list[_Row]]:
    """Cut rows into pages, at least one, with an empty page put in where told."""
    pages = [rows[start : start + limit] for start in range(0, len(rows), limit)] or [[]]
    if empty_page is not None:
        pages.insert(empty_page % (len(pages) + 1), [])
    return pages


def empty_page_place(
    every: int, seed: int, endpoint: str, days: Sequence[object]
) -> int | None:
    """Decide whether an answer gets an empty page, and where among the others."""
    dice = number(seed, "empty page", endpoint, *days)
    return dice // every if every and dice % every == 0 else None


def fingerprint(endpoint: str, parameters: Mapping[str, Sequence[str]]) -> str:
    """Identify the question that a cursor belongs to."""
    others = sorted(
        (name, list(values)) for name, values in parameters.items() if name != "page"
    )
    return digest(endpoint, json.dumps(others)).hex()


def write_cursor(question: str, page: int) -> str:
    """Write the cursor of a page."""
    return (
        base64.urlsafe_b64encode(json.dumps([question, page]).encode()).decode().rstrip("=")
    )


def read_cursor(cursor: str, question: str, pages: int) -> int:
    """Read which page a cursor means.

    Raises:
        ApiError: It is not a cursor of this question.
    """
    try:
        owner, page = json.loads(
            base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        )
    except (binascii.Error, ValueError, TypeError):
        message = "page: not a cursor"
        raise bad_request(message) from None
    if owner != question or page not in range(pages):
        message = "page: this cursor does not belong to these parameters"
        raise bad_request(message)
    return int(page)
