"""One page of rows: told apart from anything else, and kept as text until it is needed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace

import msgspec

from tap_claude_analytics.api.answers import Answer, decode_json
from tap_claude_analytics.api.errors import UnexpectedAnswerError
from tap_claude_analytics.common.text import field_name, scrub

#: Rows are under ``data``; before version 2026-10-21 those of summaries were under
#: ``summaries``.
ROW_KEYS = ("data", "summaries")


@dataclass(frozen=True)
class Paging:
    """How the page after another one is asked for.

    Attributes:
        parameter: The parameter of the request that has the cursor.
        field: The field of the page that has it.
    """

    parameter: str
    field: str


BY_PAGE = Paging("page", "next_page")
#: The cursor is the id of the last row. Such a page always says ``has_more``.
AFTER_ID = Paging("after_id", "last_id")


class _Envelope(msgspec.Struct):
    """Everything about a page but its rows, which stay undecoded."""

    data: msgspec.Raw
    next_page: str | None = None
    last_id: str | None = None
    has_more: bool | None = None
    data_refreshed_at: str | None = None


_decode_envelope = msgspec.json.Decoder(_Envelope).decode


@dataclass(frozen=True)
class Page:
    """A page of rows.

    Attributes:
        body: The answer's body, compressed if `is_packed`.
        request_id: The id under which the operators of the API find the request.
        next_page: The cursor of the next page, whatever it is, None on the last one.
        data_refreshed_at: Reports only: what lies after this instant is incomplete.
        rows_key: The name of the list of rows, one of `ROW_KEYS`.
        organization_id: The organisation that the key belongs to, None if the answer does
            not say.
        is_packed: Whether the body is compressed.
    """

    body: bytes = field(repr=False)
    request_id: str
    next_page: str | None = None
    data_refreshed_at: str | None = None
    rows_key: str = ROW_KEYS[0]
    organization_id: str | None = None
    is_packed: bool = False

    def packed(self) -> Page:
        """Return the page in a tenth of the memory: all rows have the same names."""
        if self.is_packed:
            return self
        return replace(self, body=zlib.compress(self.body, 1), is_packed=True)

    @property
    def text(self) -> bytes:
        """The body as it came: JSON with the rows under `rows_key`."""
        return zlib.decompress(self.body) if self.is_packed else self.body


def read_page(answer: Answer, paging: Paging = BY_PAGE) -> Page:
    """Return the page that an answer holds, whatever its rows hold.

    Args:
        answer: The answer.
        paging: Where the cursor of the next page is.

    Raises:
        ValueError: If the body is not JSON.
        UnexpectedAnswerError: If the answer is not a page: that must never be taken for
            "no rows".
    """
    try:
        envelope = _decode_envelope(answer.body)
        is_list = bytes(memoryview(envelope.data)[:1]) == b"["
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        is_list = False
    if not is_list:
        return _read_any(answer, paging)
    if not answer.body.isascii():
        # The rows are decoded later, but what is not text is to be asked for again.
        answer.body.decode(errors="surrogatepass")
    return Page(
        answer.body,
        answer.request_id,
        _cursor(answer, getattr(envelope, paging.field), has_more=envelope.has_more),
        envelope.data_refreshed_at,
        organization_id=answer.organization_id,
    )


def _read_any(answer: Answer, paging: Paging) -> Page:
    """Return the page of either generation, or say what the answer is instead."""
    body = decode_json(answer.body)
    if not isinstance(body, dict):
        raise _unexpected(answer, f"a JSON {type(body).__name__}")
    rows_key = next((key for key in ROW_KEYS if key in body), "")
    rows = body.get(rows_key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        found = ", ".join(
            f"{field_name(key)}: {type(body[key]).__name__}" for key in sorted(body)
        )
        raise _unexpected(answer, f"an object with the keys {{{found}}}")
    next_page = body.get(paging.field)
    if next_page is not None and not isinstance(next_page, str):
        raise _unexpected(answer, f"a {paging.field} of type {type(next_page).__name__}")
    refreshed = body.get("data_refreshed_at")
    return Page(
        answer.body,
        answer.request_id,
        _cursor(answer, next_page, has_more=body.get("has_more")),
        refreshed if isinstance(refreshed, str) else None,
        rows_key,
        answer.organization_id,
    )


def _cursor(answer: Answer, next_page: str | None, *, has_more: object) -> str | None:
    """Return the cursor of the next page, None if this is the last one."""
    if has_more is False:
        return None  # A cursor may be echoed all the same.
    if has_more and not next_page:
        raise _unexpected(answer, "has_more but no cursor")
    return next_page or None


def _unexpected(answer: Answer, found: str) -> UnexpectedAnswerError:
    message = (
        f"{answer.asked} was answered with {scrub(found)}; expected a list of rows under"
        f" {' or '.join(ROW_KEYS)} (request id {answer.request_id}). Check whether a newer"
        " version of the tap knows this answer."
    )
    return UnexpectedAnswerError(message, answer.path)
