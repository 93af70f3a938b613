"""Answers made up from the true one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from .errors import error_body
from .options import ONE_DAY
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
    exchange: Exchange, status: int, message: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """Give a refusal in the API's shape."""
    body = as_bytes(error_body(status, message, exchange.request_id))
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
    return "page" in exchange.request.params and is_good(exchange)


def is_last_page(exchange: Exchange) -> bool:
    """Tell whether no page follows the one that is asked for."""
    return is_good(exchange) and not _body(exchange).get("next_page")


def has_rows(exchange: Exchange) -> bool:
    """Tell whether the true answer holds rows."""
    return is_good(exchange) and bool(_rows(_body(exchange)))


def asked_for_later_than(exchange: Exchange, day: date) -> bool:
    """Tell whether a first page is asked for, of a day after this one."""
    return is_good(exchange) and (
        "page" not in exchange.request.params and last_day_asked(exchange.request) > day
    )


def last_day_asked(request: Request) -> date:
    """Give the youngest day of a question that is right."""
    params = request.params
    if "date" in params:
        return date.fromisoformat(params["date"][0])
    (end,) = params.get("ending_date") or params["ending_at"]
    return date.fromisoformat(end[:10]) - ONE_DAY


def day_of(exchange: Exchange) -> date:
    """Give the day of the first row of the true answer, or else the first one asked."""
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
    params = {name: value for name, value in request.params.items() if name != "page"}
    aim = page.rpartition(_DETOUR)[2]
    return replace(request, params=params | ({"page": [aim]} if aim else {}))


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
        _go_on(body, page or body["next_page"] or _DETOUR)

    return _edited(exchange, edit)


def stale_cursor(exchange: Exchange) -> Answer:
    """Say that the page is the last one, and show a cursor all the same."""
    return _edited(
        exchange, lambda body: body.update(has_more=False, next_page="left-over")
    )


def _go_on(body: Body, cursor: str) -> None:
    body["next_page"] = cursor
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
    return request.params.get("page", [""])[0]
