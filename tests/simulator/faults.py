"""What can go wrong with an answer: one table, and those of its faults that are alike."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

from .options import ONE_DAY
from .protocol import ApiError
from .traffic import Answer, Delivery, Exchange, Fault, Request, as_bytes

Answering = Callable[[Exchange], Answer]

ANOTHER_ORGANIZATION = "0c5e8f6a-1111-4222-8333-944455556666"
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


def _says(text: str, status: int = 400, code: str | None = None) -> Answering:
    """Refuse in words, in which {9} is nine days before the latest one there is."""

    def answer(exchange: Exchange) -> Answer:
        days = (exchange.latest - timedelta(days=days) for days in range(41))
        version = exchange.request.headers.get("anthropic-version")
        return refused(exchange, status, text.format(*days, version=version), code=code)

    return answer


def _rate_limited(**headers: str) -> Answering:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: refused(exchange, 429, "too many requests", told)


def _limited_until(exchange: Exchange) -> Answer:
    later = format_datetime(exchange.now + timedelta(seconds=2), usegmt=True)
    return _rate_limited(retry_after=later)(exchange)


def _body(body: bytes) -> Answering:
    return lambda _: Answer(status=200, body=body)


def _gateway(status: int, body: object, kind: str = "application/json") -> Answering:
    """Answer in place of the API, so without its headers."""
    headers = {"content-type": kind, "server": "gateway"}
    answer = Answer(status=status, body=as_bytes(body), headers=headers, from_api=False)
    return lambda _: answer


def _delivered(delivery: Delivery) -> Answering:
    """Have the true answer delivered otherwise."""
    return lambda exchange: replace(exchange.truth, delivery=delivery)


def _broken_off(exchange: Exchange) -> Answer:
    """Promise the true body, and end after half of it."""
    body = exchange.truth.body
    length = {"content-length": str(len(body))}
    return replace(exchange.truth, body=body[: len(body) // 2], headers=length)


def without_detour(request: Request) -> Request:
    """Give the question that a request means whose cursor was made up here."""
    if not request.page.startswith(_DETOUR):
        return request
    aim = request.page.rpartition(_DETOUR)[2]
    params = {
        name: [aim] if values == [request.page] else values
        for name, values in request.params.items()
        if aim or values != [request.page]
    }
    return replace(request, params=params)


def _empty_page(exchange: Exchange) -> Answer:
    """Put an empty page in front of the one that is asked for."""
    return _without_rows(exchange, _DETOUR + exchange.request.page)


def _repeating_cursor(exchange: Exchange) -> Answer:
    """Let an empty page lead back to itself."""
    return _without_rows(exchange, _DETOUR)


def _without_rows(exchange: Exchange, cursor: str) -> Answer:
    page = exchange.page()
    page.rows.clear()
    return page.leading_to(cursor)


def _stale_cursor(exchange: Exchange) -> Answer:
    """Say that the page is the last one, and show a cursor all the same."""
    page = exchange.page()
    return page.saying({"has_more": False, page.cursor: "left-over"})


def _rows_twice(exchange: Exchange) -> Answer:
    """Give every row twice, one after the other."""
    page = exchange.page()
    page.rows[:] = [row for row in page.rows for _ in range(2)]
    return page.saying({})


def _rows_of_another_day(exchange: Exchange) -> Answer:
    """Let the first row name another day than was asked for.

    Rows that do not say their day come to have a field `date`.
    """
    page = exchange.page()
    day = str(exchange.day() - timedelta(days=40))
    start = page.rows[0].get("starting_at")
    page.rows[0] |= {"starting_at": day + start[10:]} if start else {"date": day}
    return page.saying({})


def _never_refreshed(exchange: Exchange) -> Answer:
    """Say of no moment that everything before it is known."""
    return exchange.page().saying({"data_refreshed_at": None})


_expired = _says("page: this cursor has expired", 410)


def _revised(exchange: Exchange) -> Answer:
    """Break off, where a cursor can expire in the way that makes a new reading."""
    exchange.revise(exchange.day())
    if exchange.is_on_a_cursor():
        return _expired(exchange)
    return _delivered(Delivery.RESET_MIDWAY)(exchange)


def _table(
    fits: Callable[[Exchange], bool] = lambda _: True, /, **answers: Answering
) -> dict[str, Fault]:
    """Make faults that can befall the same requests."""
    return {
        name: Fault(name=name, answer=answer, fits=fits) for name, answer in answers.items()
    }


#: Asking again helps.
PASSING = _table(
    rate_limit_until_a_date=_limited_until,
    rate_limit_without_a_wait=_rate_limited(),
    status_503=_says("something went wrong", 503),
    status_529=_says("something went wrong", 529),
    invalid_json=_body(b'{"data": [}'),
    gateway_page_with_502=_gateway(502, "<html>Blocked by policy</html>", "text/html"),
    reset_before_the_answer=_delivered(Delivery.RESET),
    reset_in_the_body=_delivered(Delivery.RESET_MIDWAY),
    body_cut_short=_broken_off,
    late_answer=_delivered(Delivery.LATE),
    dripping_answer=_delivered(Delivery.DRIPPING),
)
#: The answer is not one of this API.
WRONG = _table(
    null=_body(b"null"), wrong_envelope=_body(b'{"rows": [], "next_page": null}')
)
#: Something before the API refuses, in a form of its own.
GATEWAYS = _table(
    gateway_page_with_403=_gateway(403, "<html>Blocked by policy</html>", "text/html"),
    gateway_json_with_404=_gateway(404, {"message": "no route matched"}),
    gateway_text_with_403=_gateway(403, '"error": nothing'),
    gateway_error_text_with_403=_gateway(403, {"error": "RBAC: access denied"}),
)
#: The request is refused for good, in words that hold a date.
DATED = _table(
    version_sent_twice=_says(
        "anthropic-version: must be a single value, got '{version}, {version}'"
    ),
    key_expired=_says("the API key expired on {5}"),
    latest_day_far_back=_says("data is not available; the latest available day is {40}"),
)
#: The pages have no end.
ENDLESS = _table(
    Exchange.is_good,
    cursor_that_repeats=_repeating_cursor,
    pages_without_end=_empty_page,
)

FAULTS = {
    **PASSING,
    **WRONG,
    **GATEWAYS,
    **DATED,
    **ENDLESS,
    **_table(
        rate_limit_for_very_long=_rate_limited(retry_after="86400"),
        organization_not_eligible=_says("not offered", code="organization_not_eligible"),
        another_organization=lambda exchange: replace(
            exchange.truth, headers={"anthropic-organization-id": ANOTHER_ORGANIZATION}
        ),
        headers_taken_away=lambda exchange: replace(exchange.truth, from_api=False),
    ),
    **_table(Exchange.is_on_a_cursor, expired_cursor=_expired),
    # A reading breaks off, and the next one finds other rows. Only a page after the first
    # one, or the only one, may break off.
    **_table(lambda it: it.is_on_a_cursor() or it.is_last_page(), revised_rows=_revised),
    **_table(Exchange.is_good, empty_page_with_a_cursor=_empty_page),
    **_table(Exchange.is_last_page, stale_cursor=_stale_cursor),
    **_table(
        lambda it: it.is_of_days() and it.has_rows(),
        rows_of_another_day=_rows_of_another_day,
    ),
    **_table(Exchange.has_rows, rows_twice=_rows_twice),
    **_table(
        lambda it: it.is_later_than(it.latest - ONE_DAY),
        not_yet=_says("the latest available day is {1}"),
    ),
    **_table(
        lambda it: it.is_later_than(it.now.date() - 3 * ONE_DAY),
        not_yet_without_a_date=_says("date must be at least 3 days ago"),
    ),
    **_table(
        lambda it: it.is_good() and "data_refreshed_at" in it.page().body,
        never_refreshed=_never_refreshed,
    ),
}
