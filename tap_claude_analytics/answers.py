"""What one answer of the API says, in words for people: what was asked, and its reason."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

from tap_claude_analytics.windows import FLOOR, parse_day

if TYPE_CHECKING:
    import pendulum
    import requests

Row: TypeAlias = dict[str, Any]

#: The parameters that say which day was asked for; a cursor says nothing to a reader.
TOLD_PARAMETERS = ("date", "starting_date", "ending_date")
_TOLD_FILTERS = "rbac_group_id:"
#: The delay is a matter of days; an older day that is not there is no delay.
YOUNG_DAYS = 31
_MESSAGE_LIMIT = 400

_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PRIVATE = (
    (re.compile(r"sk-ant-[\w-]+"), "[key]"),
    (re.compile(r'[^\s"<>]+(?:@|%40)[^\s"<>]+'), "[e-mail]"),
)


def read_body(response: requests.Response) -> object:
    """Decode a JSON body, once per response; numbers with a fraction become Decimal.

    Raises:
        ValueError: If the body is not JSON.
    """
    memory = vars(response)
    if "decoded_body" not in memory:
        try:
            memory["decoded_body"] = json.loads(
                response.content, parse_float=_exact, parse_constant=_reject_constant
            )
        except RecursionError as error:
            msg = "the body is nested too deeply"
            raise ValueError(msg) from error
    return memory["decoded_body"]


def _exact(number: str) -> Decimal:
    try:
        return Decimal(number)
    except InvalidOperation as error:
        msg = f"{number[:20]} is out of range"
        raise ValueError(msg) from error


def _reject_constant(constant: str) -> None:
    msg = f"{constant} is not JSON"
    raise ValueError(msg)


def asked(response: requests.Response) -> str:
    """Return what was asked, such as ``GET /v1/…/users?date=2026-03-01``.

    Neither the cursor is told, nor filters by anything else than teams.
    """
    path, _, query = (response.request.path_url or "").partition("?")
    told = [
        (name, value)
        for name, value in parse_qsl(query)
        if name in TOLD_PARAMETERS
        or (name == "filter[]" and value.startswith(_TOLD_FILTERS))
    ]
    return f"GET {path}{'?' if told else ''}{urlencode(told)}"


def reason(response: requests.Response) -> str:
    """Return status, the API's own words and request id of an error answer."""
    said = _error_message(response)
    quoted = f': "{said}"' if said else f" {scrub(response.reason or '')}".rstrip()
    return f"status {response.status_code}{quoted} (request id {request_id(response)})"


def request_id(response: requests.Response) -> str:
    """Return the id under which the API's operators find this request."""
    return scrub(response.headers.get("request-id") or "unknown")


def latest_available_day(
    response: requests.Response, today: pendulum.Date
) -> pendulum.Date | None:
    """Return the youngest day the API has, if a 400 says that a later one was asked.

    The message names that day and may repeat the day asked for; of several dates the
    latest one before the day asked for is meant. None: this answer is about something
    else, as any to a later page or to a day that must have been there for long.
    """
    last_asked = _last_day_asked(response)
    if response.status_code != HTTPStatus.BAD_REQUEST or last_asked is None:
        return None
    if last_asked < today.subtract(days=YOUNG_DAYS):
        return None
    named = filter(None, map(_day, _DATE.findall(_error_message(response))))
    return max((day for day in named if FLOOR <= day < last_asked), default=None)


def _last_day_asked(response: requests.Response) -> pendulum.Date | None:
    """Return the youngest day of the request; ``ending_date`` is exclusive."""
    query = dict(parse_qsl(urlsplit(response.request.url or "").query))
    if "page" in query:
        return None
    if "date" in query:
        return _day(query["date"])
    ending = _day(query.get("ending_date", ""))
    return None if ending is None else ending.subtract(days=1)


def _day(text: str) -> pendulum.Date | None:
    try:
        return parse_day(text)
    except ValueError:
        return None


def _error_message(response: requests.Response) -> str:
    try:
        body = read_body(response)
    except ValueError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    if not isinstance(message, str):
        return ""
    # Before the text is cut, or a part of the key would be left at its end.
    key = response.request.headers.get("x-api-key")
    return scrub(message.replace(key, "[key]") if key else message)


def told_name(name: str) -> str:
    """Return a field's name fit for a log; what is no such name may be a person's."""
    return name if _FIELD_NAME.fullmatch(name) else "[name]"


def scrub(text: str) -> str:
    """Return text of the API fit for a log: one line, short, without keys and e-mails."""
    for pattern, name in _PRIVATE:
        text = pattern.sub(name, text)
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:_MESSAGE_LIMIT]
