"""What can go wrong with an answer: one table, for tests to be made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from enum import Enum
from typing import TYPE_CHECKING

from . import edits
from .edits import (
    asked_for_later_than,
    broken_off,
    delivered,
    is_good,
    on_a_cursor,
    refused,
)
from .options import ONE_DAY
from .script import Act
from .traffic import Answer, Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .script import Exchange

    Answering = Callable[[Exchange], Answer]


class Kind(Enum):
    """What kind of trouble a fault is."""

    PASSING = "asking again helps"
    LONG = "asking again helps, but only after very long"
    EXPIRED = "the pages have to be asked for from the first one"
    REVISED = "a reading breaks off, and the next one finds other rows"
    WRONG = "the answer is not one of this API"
    MISPLACED = "rows are of a day that was not asked for"
    ENDLESS = "the pages have no end"
    DOUBLED = "rows come twice"
    EMPTY = "a page has no rows, and others follow it"
    STALE = "the last page shows a cursor all the same"
    NOT_YET = "the API does not have the day yet"
    DATED = "the request is refused for good, in words that hold a date"
    INELIGIBLE = "organisations of this kind do not have the endpoint"
    TOO_LONG = "the range is too long, a shorter one is not"
    GATEWAY = "something before the API refuses, in a form of its own"
    FOREIGN = "the answer is about another organisation than before"
    BARE = "the answer is true, without the headers of the API"
    UNREFRESHED = "nobody can tell until when the figures reach"


@dataclass(frozen=True, kw_only=True)
class Fault(Act):
    """An act that is a fault, of a kind."""

    kind: Kind


LONGEST_WAIT = 86400


def _rate_limited(headers: Callable[[Exchange], dict[str, str]]) -> Callable[..., Answer]:
    return lambda exchange: refused(exchange, 429, "too many requests", headers(exchange))


def _http_date(exchange: Exchange) -> dict[str, str]:
    later = exchange.now + timedelta(seconds=2)
    return {"retry-after": format_datetime(later, usegmt=True)}


def _status(status: int) -> Callable[[Exchange], Answer]:
    return lambda exchange: refused(exchange, status, "something went wrong")


def _body(body: bytes) -> Callable[[Exchange], Answer]:
    return lambda _: Answer(status=200, body=body)


def _html(status: int) -> Callable[[Exchange], Answer]:
    page = b"<html><body><h1>Please stand by</h1></body></html>"
    return lambda _: Answer(status=status, body=page, headers={"content-type": "text/html"})


def _expired(exchange: Exchange) -> Answer:
    return refused(exchange, 410, "page: this cursor has expired")


def _may_break_off(exchange: Exchange) -> bool:
    """Tell whether it is a page after the first one, or the only one."""
    return on_a_cursor(exchange) or edits.is_last_page(exchange)


def _revised(exchange: Exchange) -> Answer:
    """Break off, where a cursor can expire in the way that makes a new reading."""
    exchange.revise(edits.day_of(exchange))
    if on_a_cursor(exchange):
        return _expired(exchange)
    return delivered(Delivery.RESET_MIDWAY)(exchange)


def _not_yet(*, repeating: bool) -> Callable[[Exchange], Answer]:
    """Take the youngest day away that the simulator has, in one of two wordings."""

    def answer(exchange: Exchange) -> Answer:
        message = f"the latest available day is {exchange.latest - ONE_DAY}"
        if repeating:
            asked = edits.last_day_asked(exchange.request)
            message = f"data for {asked} is not available yet; {message}"
        return refused(exchange, 400, message)

    return answer


def _too_young(exchange: Exchange) -> bool:
    return asked_for_later_than(exchange, exchange.latest - ONE_DAY)


def table(
    kind: Kind,
    answers: Mapping[str, Answering],
    fits: Callable[[Exchange], bool] = lambda _: True,
) -> dict[str, Fault]:
    """Make faults of one kind that can befall the same requests."""
    return {
        name: Fault(name=name, kind=kind, answer=answer, fits=fits)
        for name, answer in answers.items()
    }


_PASSING = {
    "rate_limit_in_seconds": _rate_limited(lambda _: {"retry-after": "2"}),
    "rate_limit_in_fractions": _rate_limited(lambda _: {"retry-after": "0.75"}),
    "rate_limit_until_a_date": _rate_limited(_http_date),
    "rate_limit_in_milliseconds": _rate_limited(lambda _: {"retry-after-ms": "250"}),
    "rate_limit_without_a_wait": _rate_limited(lambda _: {}),
    "status_500": _status(500),
    "status_502": _status(502),
    "status_503": _status(503),
    "status_504": _status(504),
    "status_529": _status(529),
    "html_with_502": _html(502),
    "html_with_200": _html(200),
    "invalid_json": _body(b'{"data": [}'),
    "connection_refused": delivered(Delivery.REFUSED),
    "reset_before_the_answer": delivered(Delivery.RESET),
    "reset_in_the_body": delivered(Delivery.RESET_MIDWAY),
    "body_cut_short": broken_off,
    "late_answer": delivered(Delivery.LATE),
    "dripping_answer": delivered(Delivery.DRIPPING),
}
_LONG = _rate_limited(lambda _: {"retry-after": str(LONGEST_WAIT)})
_ENDLESS = {
    "cursor_that_repeats": edits.repeating_cursor,
    "pages_without_end": edits.empty_page,
}
_WRONG = {
    "empty_object": _body(b"{}"),
    "null": _body(b"null"),
    "list": _body(b"[]"),
    "wrong_envelope": _body(b'{"rows": [], "next_page": null}'),
    "null_data": _body(b'{"data": null, "next_page": null}'),
}
_NOT_YET = {
    "not_yet": _not_yet(repeating=False),
    "not_yet_repeating_the_day": _not_yet(repeating=True),
}

FAULTS = {
    **table(Kind.PASSING, _PASSING),
    **table(Kind.LONG, {"rate_limit_for_very_long": _LONG}),
    **table(Kind.EXPIRED, {"expired_cursor": _expired}, on_a_cursor),
    **table(Kind.REVISED, {"revised_rows": _revised}, _may_break_off),
    **table(Kind.ENDLESS, _ENDLESS, is_good),
    **table(Kind.EMPTY, {"empty_page_with_a_cursor": edits.empty_page}, is_good),
    **table(Kind.STALE, {"stale_cursor": edits.stale_cursor}, edits.is_last_page),
    **table(Kind.WRONG, _WRONG),
    **table(
        Kind.MISPLACED,
        {"rows_of_another_day": edits.rows_of_another_day},
        lambda exchange: edits.is_of_days(exchange) and edits.has_rows(exchange),
    ),
    **table(Kind.DOUBLED, {"rows_twice": edits.rows_twice}, edits.has_rows),
    **table(Kind.NOT_YET, _NOT_YET, _too_young),
}
