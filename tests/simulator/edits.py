"""Answers made up from the true one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from .errors import error_body
from .options import ONE_DAY
from .organization.catalog import Paging, locate
from .traffic import Answer, Delivery, as_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .script import Exchange
    from .traffic import Request

    Body = dict[str, Any]

_DETOUR = "detour-"
"""A cursor that begins so leads to the page that stands behind it, if one does."""

_DAYS_OFF = timedelta(days=40)


def refused(
    exchange: Exchange,
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    code: str | None = None,
) -> Answer:
    """Give a refusal in the API's shape."""
    body = as_bytes(error_body(status, message, exchange.request_id, code))
    return Answer(status=status, body=body, headers=headers or {})


def delivered(delivery: Delivery) -> Callable[[Exchange], Answer]:
    """Have the true answer delivered otherwise."""
    return lambda exchange: replace(exchange.truth, delivery=delivery)


def broken_off(exchange: Exchange) -> Answer:
    """Promise the true body, and end after half of it."""
    truth = exchange.truth
    length = {"content-length": str(len(truth.body))}
    return replace(truth, body=truth.body[: len(truth.body) // 2], headers=length)


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


def asked_for_later_than(exchange: Exchange, day: date) -> bool:
    """Tell whether a first page is asked for, of a day after this one."""
    return (
        is_good(exchange)
        and is_of_days(exchange)
        and not _page(exchange.request)
        and last_day_asked(exchange.request) > day
    )


def last_day_asked(request: Request) -> date:
    """Give the youngest day of a question that is right."""
    params = request.params
    if "date" in params:
        return date.fromisoformat(params["date"][0])
    (end,) = params.get("ending_date") or params["ending_at"]
    return date.fromisoformat(end[:10]) - ONE_DAY


def day_of(exchange: Exchange) -> date:
    """Give the day of the first row of the true answer, or else the first one asked.

    What is true now is of today.
    """
    if not is_of_days(exchange):
        return exchange.now.date()
    rows, params = _rows(_body(exchange)), exchange.request.params
    if rows and "starting_at" in rows[0]:
        return date.fromisoformat(rows[0]["starting_at"][:10])
    names = ("date", "starting_date", "starting_at")
    return next(date.fromisoformat(params[n][0][:10]) for n in names if n in params)


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

    def edit(body: Body) -> None:
        _rows(body).clear()
        _go_on(body, _DETOUR + _page(exchange.request))

    return _edited(exchange, edit)


def repeating_cursor(exchange: Exchange) -> Answer:
    """Let the cursor lead back to where it stands."""

    def edit(body: Body) -> None:
        page = _page(exchange.request)
        if page.startswith(_DETOUR):
            _rows(body).clear()
        _go_on(body, page or _next(body) or _DETOUR)

    return _edited(exchange, edit)


def never_refreshed(exchange: Exchange) -> Answer:
    """Say of no moment that everything before it is known."""
    return _edited(exchange, lambda body: body.update(data_refreshed_at=None))


def tells_refreshed(exchange: Exchange) -> bool:
    """Tell whether the true answer says until when its figures reach."""
    return is_good(exchange) and "data_refreshed_at" in _body(exchange)


def stale_cursor(exchange: Exchange) -> Answer:
    """Say that the page is the last one, and show a cursor all the same."""
    return _edited(
        exchange,
        lambda body: body.update({"has_more": False, _where_next(body): "left-over"}),
    )


def _where_next(body: Body) -> str:
    """Name the field that leads to the next page."""
    return "last_id" if "last_id" in body else "next_page"


def _next(body: Body) -> str | None:
    """Give the cursor of the next page, if there is one."""
    if "last_id" in body and not body["has_more"]:
        return None
    return body.get(_where_next(body))


def _go_on(body: Body, cursor: str) -> None:
    body[_where_next(body)] = cursor
    if "has_more" in body:
        body["has_more"] = True


# Rows


def rows_twice(exchange: Exchange) -> Answer:
    """Give every row twice, one after the other."""

    def edit(body: Body) -> None:
        rows = _rows(body)
        rows[:] = [row for row in rows for _ in range(2)]

    return _edited(exchange, edit)


def rows_of_another_day(exchange: Exchange) -> Answer:
    """Let the first row name another day than was asked for.

    Rows that do not say their day come to have a field `date`.
    """

    def edit(body: Body) -> None:
        row = _rows(body)[0]
        day = (day_of(exchange) - _DAYS_OFF).isoformat()
        if "starting_at" in row:
            row["starting_at"] = day + row["starting_at"][10:]
        else:
            row["date"] = day

    return _edited(exchange, edit)


def _edited(exchange: Exchange, edit: Callable[[Body], None]) -> Answer:
    body = _body(exchange)
    edit(body)
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
    return "after_id" if found and found[0].paging is Paging.ID else "page"
