"""What can go wrong with an answer: one table, and those of its faults that are alike."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

from . import edits
from .edits import refused
from .options import ONE_DAY
from .traffic import Answer, Delivery, Exchange, Fault, as_bytes

Answering = Callable[[Exchange], Answer]

ANOTHER_ORGANIZATION = "0c5e8f6a-1111-4222-8333-944455556666"


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


_expired = _says("page: this cursor has expired", 410)


def _revised(exchange: Exchange) -> Answer:
    """Break off, where a cursor can expire in the way that makes a new reading."""
    exchange.revise(exchange.day())
    if exchange.is_on_a_cursor():
        return _expired(exchange)
    return edits.delivered(Delivery.RESET_MIDWAY)(exchange)


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
    reset_before_the_answer=edits.delivered(Delivery.RESET),
    reset_in_the_body=edits.delivered(Delivery.RESET_MIDWAY),
    body_cut_short=edits.broken_off,
    late_answer=edits.delivered(Delivery.LATE),
    dripping_answer=edits.delivered(Delivery.DRIPPING),
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
    cursor_that_repeats=edits.repeating_cursor,
    pages_without_end=edits.empty_page,
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
    **_table(Exchange.is_good, empty_page_with_a_cursor=edits.empty_page),
    **_table(Exchange.is_last_page, stale_cursor=edits.stale_cursor),
    **_table(
        lambda it: it.is_of_days() and it.has_rows(),
        rows_of_another_day=edits.rows_of_another_day,
    ),
    **_table(Exchange.has_rows, rows_twice=edits.rows_twice),
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
        never_refreshed=edits.never_refreshed,
    ),
}
