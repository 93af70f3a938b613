"""Pages of rows, and cursors that each belong to one set of parameters."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, TypeVar

from .errors import bad_request
from .randomness import digest, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .options import Options
    from .parameters import Parameters

_Row = TypeVar("_Row")


def turn_to(
    options: Options,
    rows: list[_Row],
    limit: int | None,
    asked: tuple[str, Parameters],
    days: Sequence[object],
) -> tuple[list[_Row], bool, str]:
    """Give the page that an endpoint's parameters are about; one may be empty.

    What comes whole, without a limit, hands out no cursor: none can belong to it.

    Returns:
        The rows, whether others follow, and the cursor of the next page or else of this.

    Raises:
        ApiError: The cursor is none of this question.
    """
    endpoint, parameters = asked
    pages = [rows]
    if limit is not None:
        pages = [rows[at : at + limit] for at in range(0, len(rows), limit)] or [[]]
        every = options.empty_page_every
        dice = number(options.seed, "empty page", endpoint, *days) if every else 1
        if every and dice % every == 0:
            pages.insert(dice // every % (len(pages) + 1), [])
    others = sorted(
        (name, list(values)) for name, values in parameters.items() if name != "page"
    )
    question = digest(endpoint, json.dumps(others)).hex()
    cursors = parameters.get("page")
    place = _read_cursor(cursors[0], question, len(pages)) if cursors else 0
    more = place + 1 < len(pages)
    return pages[place], more, _write_cursor(question, place + more)


def _write_cursor(question: str, page: int) -> str:
    return (
        base64.urlsafe_b64encode(json.dumps([question, page]).encode()).decode().rstrip("=")
    )


def _read_cursor(cursor: str, question: str, pages: int) -> int:
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
