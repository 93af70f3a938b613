"""What can go wrong with an answer: two tables, for tests to be made from.

`FAULTS` are those that asking again mends, or that are told apart at once. `REFUSALS` are
for good or come from elsewhere; a run of the tap ends with each of them in its own words.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from email.utils import format_datetime
from enum import Enum

from . import edits
from .edits import refused
from .options import ONE_DAY
from .traffic import Act, Answer, Delivery, Exchange, as_bytes

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


ANOTHER_ORGANIZATION = "0c5e8f6a-1111-4222-8333-944455556666"
# What summaries allow that go by the older rule.
_MOST_DAYS = 31


def _says(text: str, status: int = 400, code: str | None = None) -> Answering:
    """Refuse in words, in which {9} is nine days before the latest one there is."""

    def answer(exchange: Exchange) -> Answer:
        sent, params = exchange.request.headers, sorted(exchange.request.params.items())
        words = text.format(
            *(exchange.latest - timedelta(days=days) for days in range(41)),
            version=sent.get("anthropic-version", "2026-10-21"),
            beta=sent.get("anthropic-beta", "no-beta-2026-01-05"),
            params=", ".join(f"{name}={value}" for name, all_ in params for value in all_),
        )
        return refused(exchange, status, words, code=code)

    return answer


def _not_yet_repeating(exchange: Exchange) -> Answer:
    words = "is not available yet; the latest available day is {1}"
    return _says(f"data for {exchange.last_day()} {words}")(exchange)


def _rate_limited(**headers: str) -> Answering:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: refused(exchange, 429, "too many requests", told)


def _limited_until(exchange: Exchange) -> Answer:
    later = format_datetime(exchange.now + timedelta(seconds=2), usegmt=True)
    return _rate_limited(retry_after=later)(exchange)


def _body(body: bytes, status: int = 200, **headers: str) -> Answering:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Answer(status=status, body=body, headers=sent)


def _gateway(status: int, body: object, **headers: str) -> Answering:
    answering = _body(as_bytes(body), status, **headers, server="gateway")
    return lambda exchange: replace(answering(exchange), from_api=False)


def _gateway_page(status: int) -> Answering:
    page = (
        f"<html><head><title>{status}</title></head><body>Blocked by policy</body></html>"
    )
    return _gateway(status, page, content_type="text/html; charset=utf-8")


_STAND_BY = b"<html><body><h1>Please stand by</h1></body></html>"
_expired = _says("page: this cursor has expired", 410)


def _revised(exchange: Exchange) -> Answer:
    """Break off, where a cursor can expire in the way that makes a new reading."""
    exchange.revise(exchange.day())
    if exchange.is_on_a_cursor():
        return _expired(exchange)
    return edits.delivered(Delivery.RESET_MIDWAY)(exchange)


def _is_long(exchange: Exchange) -> bool:
    """Tell whether summaries of more days are asked for than the older rule allows."""
    if exchange.request.path != "summaries" or not exchange.is_good():
        return False
    start = date.fromisoformat(exchange.request.params["starting_date"][0])
    return (exchange.last_day() - start).days >= _MOST_DAYS


def _table(
    kind: Kind, fits: Callable[[Exchange], bool] = lambda _: True, /, **answers: Answering
) -> dict[str, Fault]:
    """Make faults of one kind that can befall the same requests."""
    return {
        name: Fault(name=name, kind=kind, answer=answer, fits=fits)
        for name, answer in answers.items()
    }


FAULTS = {
    **_table(
        Kind.PASSING,
        rate_limit_in_seconds=_rate_limited(retry_after="2"),
        rate_limit_in_fractions=_rate_limited(retry_after="0.75"),
        rate_limit_until_a_date=_limited_until,
        rate_limit_in_milliseconds=_rate_limited(retry_after_ms="250"),
        rate_limit_without_a_wait=_rate_limited(),
        **{
            f"status_{status}": _says("something went wrong", status)
            for status in (500, 502, 503, 504, 529)
        },
        html_with_502=_body(_STAND_BY, 502, content_type="text/html"),
        html_with_200=_body(_STAND_BY, content_type="text/html"),
        invalid_json=_body(b'{"data": [}'),
        connection_refused=edits.delivered(Delivery.REFUSED),
        reset_before_the_answer=edits.delivered(Delivery.RESET),
        reset_in_the_body=edits.delivered(Delivery.RESET_MIDWAY),
        body_cut_short=edits.broken_off,
        late_answer=edits.delivered(Delivery.LATE),
        dripping_answer=edits.delivered(Delivery.DRIPPING),
    ),
    **_table(Kind.LONG, rate_limit_for_very_long=_rate_limited(retry_after="86400")),
    **_table(Kind.EXPIRED, Exchange.is_on_a_cursor, expired_cursor=_expired),
    # Only a page after the first one, or the only one, may break off.
    **_table(
        Kind.REVISED,
        lambda it: it.is_on_a_cursor() or it.is_last_page(),
        revised_rows=_revised,
    ),
    **_table(
        Kind.ENDLESS,
        Exchange.is_good,
        cursor_that_repeats=edits.repeating_cursor,
        pages_without_end=edits.empty_page,
    ),
    **_table(Kind.EMPTY, Exchange.is_good, empty_page_with_a_cursor=edits.empty_page),
    **_table(Kind.STALE, Exchange.is_last_page, stale_cursor=edits.stale_cursor),
    **_table(
        Kind.WRONG,
        empty_object=_body(b"{}"),
        null=_body(b"null"),
        list=_body(b"[]"),
        wrong_envelope=_body(b'{"rows": [], "next_page": null}'),
        null_data=_body(b'{"data": null, "next_page": null}'),
    ),
    **_table(
        Kind.MISPLACED,
        lambda it: it.is_of_days() and it.has_rows(),
        rows_of_another_day=edits.rows_of_another_day,
    ),
    **_table(Kind.DOUBLED, Exchange.has_rows, rows_twice=edits.rows_twice),
    **_table(
        Kind.NOT_YET,
        lambda it: it.is_later_than(it.latest - ONE_DAY),
        not_yet=_says("the latest available day is {1}"),
        not_yet_repeating_the_day=_not_yet_repeating,
    ),
}

REFUSALS = {
    **_table(
        Kind.DATED,
        version_sent_twice=_says(
            "anthropic-version: must be a single value, got '{version}, {version}'"
        ),
        version_retired=_says("anthropic-version: this version was retired on {9}"),
        beta_retired=_says("anthropic-beta: {beta} is not supported any more"),
        key_expired=_says("the API key expired on {5}"),
        parameters_repeated=_says(
            "this combination of parameters is not supported: {params}"
        ),
        latest_day_far_back=_says(
            "data is not available; the latest available day is {40}"
        ),
    ),
    **_table(
        Kind.NOT_YET,
        lambda it: it.is_later_than(it.now.date() - 3 * ONE_DAY),
        not_yet_without_a_date=_says("date must be at least 3 days ago"),
    ),
    **_table(
        Kind.TOO_LONG,
        _is_long,
        summaries_of_31_days_at_most=_says(
            f"ending_date: the range may span at most {_MOST_DAYS} days"
        ),
    ),
    **_table(
        Kind.INELIGIBLE,
        organization_not_eligible=_says(
            "this feature is not offered to your organization",
            code="organization_not_eligible",
        ),
        organization_type_not_supported=_says(
            "your type of organization is not supported",
            code="organization_type_not_supported",
        ),
    ),
    **_table(
        Kind.GATEWAY,
        gateway_page_with_403=_gateway_page(403),
        gateway_page_with_404=_gateway_page(404),
        gateway_json_with_403=_gateway(403, {"code": 1020, "detail": "blocked by policy"}),
        gateway_json_with_404=_gateway(404, {"message": "no route matched"}),
        gateway_text_with_403=_gateway(403, '"error": nothing'),
        gateway_error_text_with_403=_gateway(403, {"error": "RBAC: access denied"}),
    ),
    **_table(Kind.PASSING, gateway_page_with_502=_gateway_page(502)),
    **_table(
        Kind.FOREIGN,
        another_organization=lambda exchange: replace(
            exchange.truth, headers={"anthropic-organization-id": ANOTHER_ORGANIZATION}
        ),
    ),
    **_table(Kind.BARE, headers_taken_away=lambda it: replace(it.truth, from_api=False)),
    **_table(
        Kind.UNREFRESHED,
        lambda it: it.is_good() and "data_refreshed_at" in it.page().body,
        never_refreshed=edits.never_refreshed,
    ),
}
