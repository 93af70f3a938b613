"""One page of rows: told from anything else, checked as a whole, decoded in its turn."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import GenericAlias
from typing import TYPE_CHECKING, Any

import msgspec

from tap_claude_analytics.answers import asked, read_body, request_id, scrub, told_name
from tap_claude_analytics.errors import UnexpectedAnswerError
from tap_claude_analytics.storable import has_nul, is_suspect

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tap_claude_analytics.answers import Row

#: Rows stand under ``data``; until version 2026-10-21, those of summaries under
#: ``summaries``.
ROW_KEYS = ("data", "summaries")


class _Rows(msgspec.Struct):
    """The rows alone: what stands beside them may be more than a decoder takes."""

    data: list[dict[str, Any]]


_decode_plain = msgspec.json.Decoder(_Rows, float_hook=Decimal).decode


@dataclass(frozen=True)
class Page:
    """A page: the cursor of the next one if there is one, and its rows, still as text.

    Attributes:
        request_id: Under which the API's operators find the request.
        data_refreshed_at: Reports only: what lies after this instant is incomplete.
        is_plain: Whether every row is just what the schema says.
        is_suspect: Whether a row may hold what databases refuse.
    """

    body: bytes = field(repr=False)
    request_id: str
    next_page: str | None = None
    data_refreshed_at: str | None = None
    is_plain: bool = False
    is_suspect: bool = False
    is_packed: bool = False

    @property
    def size(self) -> int:
        """How many bytes the page holds."""
        return len(self.body)

    def packed(self) -> Page:
        """Return the page in less space: rows whose names are all the same shrink well."""
        if self.is_packed:
            return self
        return replace(self, body=zlib.compress(self.body, 1), is_packed=True)

    def rows(self) -> list[Row]:
        """Decode the rows, anew at each call; numbers with a fraction become Decimal."""
        body = zlib.decompress(self.body) if self.is_packed else self.body
        if self.is_plain:
            return _decode_plain(body).data
        decoded: dict[str, Any] = json.loads(body, parse_float=Decimal)
        rows: list[Row] = next(decoded[key] for key in ROW_KEYS if key in decoded)
        return rows


class PageReader:
    """Reads the pages of one kind of rows; those that hold nothing unexpected fast."""

    def __init__(self, row: type) -> None:
        """Take the type of rows that are just what the schema says."""
        plain = msgspec.defstruct(
            "Plain",
            [
                ("data", GenericAlias(list, row)),
                ("next_page", str | None, None),
                ("has_more", bool | None, None),
                ("data_refreshed_at", str | None, None),
            ],
        )
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(plain).decode

    def read(self, response: requests.Response) -> Page:
        """Return the page that an answer is; of one response always the same.

        Raises:
            ValueError: If the body is not JSON.
            UnexpectedAnswerError: If the answer is no page: that must never pass for "no
                rows".
        """
        memory = vars(response)
        if "page" not in memory:
            memory["page"] = self._read(response)
        page: Page = memory["page"]
        return page

    def _read(self, response: requests.Response) -> Page:
        body = response.content
        try:
            plain = self._decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return read_page(response)
        return Page(
            body,
            request_id(response),
            _cursor(response, plain.next_page, has_more=plain.has_more),
            plain.data_refreshed_at,
            is_plain=True,
            # Halves of characters and integers that are too large would not be plain.
            is_suspect=has_nul(body),
        )


def read_page(response: requests.Response) -> Page:
    """Return the page that an answer of either generation is, whatever its rows hold.

    Raises:
        ValueError: If the body is not JSON.
        UnexpectedAnswerError: If the answer is no page.
    """
    body = read_body(response)
    if not isinstance(body, dict):
        raise _unexpected(response, f"a JSON {type(body).__name__}")
    rows = next((body[key] for key in ROW_KEYS if key in body), None)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        found = ", ".join(
            f"{told_name(key)}: {type(body[key]).__name__}" for key in sorted(body)
        )
        raise _unexpected(response, f"an object with the keys {{{found}}}")
    next_page = body.get("next_page")
    if next_page is not None and not isinstance(next_page, str):
        raise _unexpected(response, f"a next_page that is a {type(next_page).__name__}")
    refreshed = body.get("data_refreshed_at")
    return Page(
        response.content,
        request_id(response),
        _cursor(response, next_page, has_more=body.get("has_more")),
        refreshed if isinstance(refreshed, str) else None,
        is_suspect=is_suspect(response.content),
    )


def _cursor(
    response: requests.Response, next_page: str | None, *, has_more: object
) -> str | None:
    """Return the cursor of the next page, None if this is the last one."""
    if has_more is False:
        return None  # A cursor that is echoed all the same leads nowhere.
    if has_more and not next_page:
        raise _unexpected(response, "more to come and no cursor to it")
    return next_page or None


def _unexpected(response: requests.Response, found: str) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(
        f"{asked(response)} was answered with {scrub(found)}, where a list of rows under"
        f" {' or '.join(ROW_KEYS)} was expected (request id {request_id(response)})."
        " See whether a newer version of the tap knows this answer."
    )
