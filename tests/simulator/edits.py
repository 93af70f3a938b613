"""Answers made up from the true one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from .protocol import ApiError
from .traffic import Answer, Delivery, Exchange, Request

# A cursor that begins so leads to the page that stands behind it, if one does.
_DETOUR = "detour-"


def refused(
    exchange: Exchange,
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    code: str | None = None,
) -> Answer:
    """Give a refusal in the API's shape."""
    return ApiError(status, message, code, headers).answer(exchange.request_id)


def delivered(delivery: Delivery) -> Callable[[Exchange], Answer]:
    """Have the true answer delivered otherwise."""
    return lambda exchange: replace(exchange.truth, delivery=delivery)


def broken_off(exchange: Exchange) -> Answer:
    """Promise the true body, and end after half of it."""
    body = exchange.truth.body
    length = {"content-length": str(len(body))}
    return replace(exchange.truth, body=body[: len(body) // 2], headers=length)


def without_detour(request: Request) -> Request:
    """Give the question that a request means whose cursor was made up here."""
    if not request.page.startswith(_DETOUR):
        return request
    cursor = request.cursor
    params = {name: value for name, value in request.params.items() if name != cursor}
    aim = request.page.rpartition(_DETOUR)[2]
    return replace(request, params=params | ({cursor: [aim]} if aim else {}))


def empty_page(exchange: Exchange) -> Answer:
    """Put an empty page in front of the one that is asked for."""
    return _without_rows(exchange, _DETOUR + exchange.request.page)


def repeating_cursor(exchange: Exchange) -> Answer:
    """Let an empty page lead back to itself."""
    return _without_rows(exchange, _DETOUR)


def _without_rows(exchange: Exchange, cursor: str) -> Answer:
    page = exchange.page()
    page.rows.clear()
    return page.leading_to(cursor)


def stale_cursor(exchange: Exchange) -> Answer:
    """Say that the page is the last one, and show a cursor all the same."""
    page = exchange.page()
    return page.saying({"has_more": False, page.cursor: "left-over"})


def rows_twice(exchange: Exchange) -> Answer:
    """Give every row twice, one after the other."""
    page = exchange.page()
    page.rows[:] = [row for row in page.rows for _ in range(2)]
    return page.saying({})


def rows_of_another_day(exchange: Exchange) -> Answer:
    """Let the first row name another day than was asked for.

    Rows that do not say their day come to have a field `date`.
    """
    page = exchange.page()
    day = str(exchange.day() - timedelta(days=40))
    start = page.rows[0].get("starting_at")
    page.rows[0] |= {"starting_at": day + start[10:]} if start else {"date": day}
    return page.saying({})


def never_refreshed(exchange: Exchange) -> Answer:
    """Say of no moment that everything before it is known."""
    return exchange.page().saying({"data_refreshed_at": None})
