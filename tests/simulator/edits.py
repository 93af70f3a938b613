"""Answers made up from the true one, and which exchanges they fit."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from .options import ONE_DAY
from .organization.catalog import locate
from .protocol import ApiError
from .traffic import Answer, Delivery, as_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .traffic import Exchange, Request

    Body = dict[str, Any]

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


# What fits


def is_good(exchange: Exchange) -> bool:
    """Tell whether the true answer is a page."""
    return exchange.truth.status == 200


def on_a_cursor(exchange: Exchange) -> bool:
    """Tell whether a page after the first one is asked for."""
    return bool(_page(exchange.request)) and is_good(exchange)


def is_last_page(exchange: Exchange) -> bool:
    """Tell whether no page follows the one that is asked for."""
    return is_good(exchange) and not _next(_body(exchange))


def is_of_days(exchange: Exchange) -> bool:
    """Tell whether days are asked for, and not what is true now."""
    return locate(exchange.request.path) is None


def has_rows(exchange: Exchange) -> bool:
    """Tell whether the true answer holds rows."""
    return is_good(exchange) and bool(_rows(_body(exchange)))


def tells_refreshed(exchange: Exchange) -> bool:
    """Tell whether the true answer says until when its figures reach."""
    return is_good(exchange) and "data_refreshed_at" in _body(exchange)


def asked_for_later_than(exchange: Exchange, day: date) -> bool:
    """Tell whether a first page is asked for, of a day after this one."""
    first = is_good(exchange) and is_of_days(exchange) and not _page(exchange.request)
    return first and last_day_asked(exchange) > day


def last_day_asked(exchange: Exchange) -> date:
    """Give the youngest day of a question that is right."""
    params = exchange.request.params
    if "date" in params:
        return date.fromisoformat(params["date"][0])
    for name in ("ending_date", "ending_at"):
        if name in params:
            return date.fromisoformat(params[name][0][:10]) - ONE_DAY
    return exchange.latest


def day_of(exchange: Exchange) -> date:
    """Give the day of the first row of the true answer, or else the first one asked.

    What is true now is of today.
    """
    if not is_of_days(exchange):
        return exchange.now.date()
    params = exchange.request.params
    asked = (params[n][0] for n in ("date", "starting_date", "starting_at") if n in params)
    told = [row.get("starting_at") for row in _rows(_body(exchange))[:1]]
    return date.fromisoformat(next(filter(None, [*told, *asked]))[:10])


# Cursors


def without_detour(request: Request) -> Request:
    """Give the question that a request means whose cursor was made up here."""
    page = _page(request)
    if not page.startswith(_DETOUR):
        return request
    cursor = _cursor(request)
    params = {name: value for name, value in request.params.items() if name != cursor}
    aim = page.rpartition(_DETOUR)[2]
    return replace(request, params=params | ({cursor: [aim]} if aim else {}))


def empty_page(exchange: Exchange) -> Answer:
    """Put an empty page in front of the one that is asked for."""
    body = _body(exchange)
    _rows(body).clear()
    return _going_on(exchange, body, _DETOUR + _page(exchange.request))


def repeating_cursor(exchange: Exchange) -> Answer:
    """Let the cursor lead back to where it stands."""
    body, page = _body(exchange), _page(exchange.request)
    if page.startswith(_DETOUR):
        _rows(body).clear()
    return _going_on(exchange, body, page or _next(body) or _DETOUR)


def stale_cursor(exchange: Exchange) -> Answer:
    """Say that the page is the last one, and show a cursor all the same."""
    body = _body(exchange)
    return _with(exchange, body | {"has_more": False, _where_next(body): "left-over"})


def _where_next(body: Body) -> str:
    """Name the field that leads to the next page."""
    return "last_id" if "last_id" in body else "next_page"


def _next(body: Body) -> str | None:
    """Give the cursor of the next page, if there is one."""
    return body.get(_where_next(body)) if body.get("has_more", True) else None


def _going_on(exchange: Exchange, body: Body, cursor: str) -> Answer:
    more = {"has_more": True} if "has_more" in body else {}
    return _with(exchange, body | {_where_next(body): cursor} | more)


# Rows


def rows_twice(exchange: Exchange) -> Answer:
    """Give every row twice, one after the other."""
    body = _body(exchange)
    _rows(body)[:] = [row for row in _rows(body) for _ in range(2)]
    return _with(exchange, body)


def rows_of_another_day(exchange: Exchange) -> Answer:
    """Let the first row name another day than was asked for.

    Rows that do not say their day come to have a field `date`.
    """
    body = _body(exchange)
    row = _rows(body)[0]
    day = str(day_of(exchange) - timedelta(days=40))
    start = row.get("starting_at")
    row |= {"starting_at": day + start[10:]} if start else {"date": day}
    return _with(exchange, body)


def never_refreshed(exchange: Exchange) -> Answer:
    """Say of no moment that everything before it is known."""
    return _with(exchange, _body(exchange) | {"data_refreshed_at": None})


def _with(exchange: Exchange, body: Body) -> Answer:
    return replace(exchange.truth, body=as_bytes(body))


def _body(exchange: Exchange) -> Body:
    body: Body = json.loads(exchange.truth.body)
    return body


def _rows(body: Body) -> list[Any]:
    rows: list[Any] = body["summaries"] if "summaries" in body else body["data"]
    return rows


def _page(request: Request) -> str:
    return request.params.get(_cursor(request), [""])[0]


def _cursor(request: Request) -> str:
    """Name the parameter that leads to the next page."""
    found = locate(request.path)
    return "after_id" if found and found[0].by_id else "page"
