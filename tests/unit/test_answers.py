"""One answer of the API, looked at alone: its JSON, its error, and how long to wait."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_claude_analytics.api.answers import asked, decode_json, error_of, requested_wait
from tap_claude_analytics.api.errors import (
    ApiError,
    BadRequestError,
    CursorExpiredError,
    PassingError,
    RefusedError,
)
from tap_claude_analytics.common.errors import KEY_ADVICE
from tests.unit.responses import ASKED, answer

KEY = "zq-key-without-the-prefix"
TEN, HALF_A_MINUTE_LATER = (
    f"Tue, 06 Jan 2026 10:00:{seconds} GMT" for seconds in ("00", "30")
)


def error(body: object, *, status: int = 400, **kwargs: str) -> ApiError:
    """Return what an answer means that has no rows."""
    return error_of(
        answer(body, status=status, **kwargs),  # type: ignore[arg-type]
        api_key=KEY,
        longest_wait=300,
    )


def saying(message: object) -> dict[str, object]:
    """Return an error body as the API writes it."""
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b'{"a": [', b"<html>", b"[NaN]", b"[-Infinity]", b'"\xff"', b"[] []"),
        # No number that a computer holds, and deeper than Python's decoder goes.
        *(b"1e9999999999999999999", b"[" * 100_000),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_not_json(body: bytes) -> None:
    """There is one error for all of it."""
    with pytest.raises(ValueError, match=r"."):
        decode_json(body)


def test_fractions_keep_their_digits() -> None:
    """They never become floats; integers stay integers."""
    body = b'{"a": 0.1000000000000000055, "b": 1E-7, "c": 12345678901234567890}'
    assert decode_json(body) == {
        "a": Decimal("0.1000000000000000055"),
        "b": Decimal("1E-7"),
        "c": 12345678901234567890,
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, ApiError),
        (400, BadRequestError),
        (401, RefusedError),
        (403, RefusedError),
        (404, RefusedError),
        (408, PassingError),
        (409, PassingError),
        (410, CursorExpiredError),
        (422, ApiError),
        (429, PassingError),
        (500, PassingError),
        (529, PassingError),
    ],
)
def test_what_a_status_means(status: int, kind: type[ApiError]) -> None:
    """The sentence names the request, the status, the API's words and the request id."""
    found = error(saying("no"), status=status, request_id="req_7")
    assert type(found) is kind
    assert found.path == "skills"
    sentence = f'{ASKED} was answered with status {status}: "no" (request id req_7).'
    assert str(found).startswith(sentence)
    assert str(found).endswith(KEY_ADVICE) is (kind is RefusedError)
    assert ("check api_url" in str(found)) is (status == 301)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", {}, [], {"error": None}, {"error": {"message": None}}],
    ids=str,
)
def test_an_error_without_words(body: object) -> None:
    """The reason phrase is shown instead, and an id that is missing is unknown."""
    found = str(error(body, status=502, reason="Bad Gateway"))
    assert found.startswith(f"{ASKED} was answered with status 502 Bad Gateway")
    assert found.endswith("(request id unknown).")


def test_private_text_in_an_error() -> None:
    """Nothing private is shown, whatever part of the answer quotes it."""
    private = f"mary@acme.example {KEY} sk-ant-api01-secret"
    found = error(saying(f"{'x ' * 190}{private}"), status=400, request_id=private[:17])
    shown = str(found)
    assert "mary" not in shown
    assert "sk-ant" not in shown
    assert KEY[:6] not in shown
    assert "[e-mail] [key]" in shown


@pytest.mark.parametrize("is_first_page", [True, False])
@pytest.mark.parametrize("message", ["the latest is 2026-01-03", None, ["2026-01-03"]])
def test_what_a_400_keeps(message: object, *, is_first_page: bool) -> None:
    """The API's words, for whoever knows what they mean; and which page it was."""
    refused = answer(saying(message), status=400, is_first_page=is_first_page)
    found = error_of(refused, api_key=KEY, longest_wait=1)
    assert isinstance(found, BadRequestError)
    assert found.api_message == (message if isinstance(message, str) else "")
    assert found.is_first_page is is_first_page


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": HALF_A_MINUTE_LATER, "date": TEN}, 30.0),
        ({"retry_after": TEN, "date": HALF_A_MINUTE_LATER}, 0.0),
    ],
    ids=str,
)
def test_how_long_to_wait(headers: dict[str, str], expected: float | None) -> None:
    """Milliseconds, seconds, or a date by the clock of the server."""
    assert requested_wait(answer({}, **headers).headers) == expected  # type: ignore[arg-type]


def test_a_wait_that_is_too_long() -> None:
    """Up to the setting it is waited for; beyond, the stream fails at once."""
    passing = error({}, status=429, retry_after="300")
    assert isinstance(passing, PassingError)
    assert (passing.wait, passing.is_rate_limit) == (300, True)
    final = error({}, status=429, retry_after="301")
    assert type(final) is ApiError
    assert "longer than max_retry_wait (300)" in str(final)


def test_a_request_in_words() -> None:
    """Days and teams are shown; cursors, and filters that may name people, are not."""
    parameters = {
        "date": "2026-01-05",
        "limit": 5,
        "page": "secret",
        "filter[]": ["user_id:user_1", "rbac_group_id:rbac_group_1"],
    }
    assert asked("/v1/x", parameters) == (
        "GET /v1/x?date=2026-01-05&filter%5B%5D=rbac_group_id%3Arbac_group_1"
    )
    assert asked("/v1/x", {"filter[]": "user_id:user_1"}) == "GET /v1/x"
