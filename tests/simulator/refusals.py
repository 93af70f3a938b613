"""Refusals for good, and answers that come from elsewhere: faults that asking cannot mend.

They are faults as those of `FAULTS`, in a table of their own because a run of the tap ends
with each of them in words of its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from . import edits
from .edits import refused
from .faults import Kind, table
from .options import ONE_DAY
from .traffic import Answer, as_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from .script import Exchange

MOST_DAYS = 31
"""What summaries allow that go by the older rule."""

ANOTHER_ORGANIZATION = "0c5e8f6a-1111-4222-8333-944455556666"

_HTML = b"<html><head><title>%d</title></head><body>Blocked by policy</body></html>"
_DELAY = timedelta(days=3)
_LONG_AGO = timedelta(days=40)


def _says(words: Callable[[Exchange], str]) -> Callable[[Exchange], Answer]:
    return lambda exchange: refused(exchange, 400, words(exchange))


def _version_twice(exchange: Exchange) -> str:
    sent = exchange.request.headers.get("anthropic-version", "2026-10-21")
    return f"anthropic-version: must be a single value, got '{sent}, {sent}'"


def _version_retired(exchange: Exchange) -> str:
    retired = exchange.latest - timedelta(days=9)
    return f"anthropic-version: this version was retired on {retired}"


def _beta_retired(exchange: Exchange) -> str:
    sent = exchange.request.headers.get("anthropic-beta", "no-beta-2026-01-05")
    return f"anthropic-beta: {sent} is not supported any more"


def _key_expired(exchange: Exchange) -> str:
    return f"the API key expired on {exchange.latest - timedelta(days=5)}"


def _range_repeated(exchange: Exchange) -> str:
    params = exchange.request.params
    sent = [
        f"{name}={value}" for name, values in sorted(params.items()) for value in values
    ]
    return f"this combination of parameters is not supported: {', '.join(sent)}"


def _far_back(exchange: Exchange) -> str:
    far = exchange.latest - _LONG_AGO
    return f"data is not available; the latest available day is {far}"


def _too_late(_: Exchange) -> str:
    return f"date must be at least {_DELAY.days} days ago"


def _too_long(_: Exchange) -> str:
    return f"ending_date: the range may span at most {MOST_DAYS} days"


def _within_delay(exchange: Exchange) -> bool:
    return edits.asked_for_later_than(exchange, exchange.now.date() - _DELAY)


def _is_long(exchange: Exchange) -> bool:
    """Tell whether summaries of more days are asked for than the older rule allows."""
    params = exchange.request.params
    if exchange.request.path != "summaries" or not edits.is_good(exchange):
        return False
    start = date.fromisoformat(params["starting_date"][0])
    end = exchange.latest + ONE_DAY
    if "ending_date" in params:
        end = date.fromisoformat(params["ending_date"][0])
    return (end - start).days > MOST_DAYS


def _ineligible(code: str, message: str) -> Callable[[Exchange], Answer]:
    return lambda exchange: refused(exchange, 400, message, code=code)


def _page(status: int) -> Callable[[Exchange], Answer]:
    headers = {"content-type": "text/html; charset=utf-8", "server": "gateway"}
    return lambda _: Answer(
        status=status, body=_HTML % status, headers=headers, from_api=False
    )


def _json(status: int, body: object) -> Callable[[Exchange], Answer]:
    return lambda _: Answer(
        status=status, body=as_bytes(body), headers={"server": "gateway"}, from_api=False
    )


def _of_another_organization(exchange: Exchange) -> Answer:
    return replace(
        exchange.truth, headers={"anthropic-organization-id": ANOTHER_ORGANIZATION}
    )


def _bare(exchange: Exchange) -> Answer:
    return replace(exchange.truth, from_api=False)


_DATED = {
    "version_sent_twice": _version_twice,
    "version_retired": _version_retired,
    "beta_retired": _beta_retired,
    "key_expired": _key_expired,
    "parameters_repeated": _range_repeated,
    "latest_day_far_back": _far_back,
}
_CODES = {
    "organization_not_eligible": "this feature is not offered to your organization",
    "organization_type_not_supported": "your type of organization is not supported",
}
_GATEWAY_PAGES = {f"gateway_page_with_{status}": _page(status) for status in (403, 404)}
_GATEWAYS = {
    "gateway_json_with_403": _json(403, {"code": 1020, "detail": "blocked by policy"}),
    "gateway_json_with_404": _json(404, {"message": "no route matched"}),
    "gateway_text_with_403": _json(403, '"error": nothing'),
    "gateway_error_text_with_403": _json(403, {"error": "RBAC: access denied"}),
}

REFUSALS = {
    **table(Kind.DATED, {name: _says(words) for name, words in _DATED.items()}),
    **table(Kind.NOT_YET, {"not_yet_without_a_date": _says(_too_late)}, _within_delay),
    **table(Kind.TOO_LONG, {"summaries_of_31_days_at_most": _says(_too_long)}, _is_long),
    **table(Kind.INELIGIBLE, {code: _ineligible(code, _CODES[code]) for code in _CODES}),
    **table(Kind.GATEWAY, _GATEWAY_PAGES),
    **table(Kind.PASSING, {"gateway_page_with_502": _page(502)}),
    **table(Kind.GATEWAY, _GATEWAYS),
    **table(Kind.FOREIGN, {"another_organization": _of_another_organization}),
    **table(Kind.BARE, {"headers_taken_away": _bare}),
    **table(
        Kind.UNREFRESHED,
        {"never_refreshed": edits.never_refreshed},
        edits.tells_refreshed,
    ),
}
