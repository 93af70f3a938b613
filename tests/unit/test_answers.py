"""One answer of the API, looked at alone: its JSON, what was asked, or why it refuses."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pendulum
import pytest

from tap_claude_analytics import answers, windows
from tests.unit.responses import SKILLS, URL, answer

if TYPE_CHECKING:
    import requests

SUMMARIES = f"{URL}summaries?starting_date=2026-01-02&ending_date=2026-01-06"


def refusal(message: object, *, status: int = 400, url: str = SKILLS) -> requests.Response:
    """Make an error in the shape in which the API gives it."""
    error = {"type": "invalid_request_error", "message": message}
    return answer({"type": "error", "error": error}, status=status, url=url)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"data": [',
        b"<html>Bad gateway</html>",
        b'{"data": [NaN]}',
        b'{"data": [{"a": -Infinity}]}',
        b'{"data": [{"a": "\xff"}]}',
        b'{"data": []} {"data": []}',
        # No number that a computer holds, and deeper than Python's decoder goes.
        b'{"data": [{"a": 1e9999999999999999999}]}',
        b"[" * 100_000,
    ],
    ids=lambda body: body[:30].decode(errors="replace"),
)
def test_what_is_no_json(body: bytes) -> None:
    """It is told from rows in one way, by ValueError."""
    with pytest.raises(ValueError, match=r"."):
        answers.read_body(answer(body))


def test_fractions_keep_their_digits() -> None:
    """They are never made floats; integers stay integers."""
    body = b'{"a": 0.1000000000000000055, "b": 1E-7, "c": 12345678901234567890}'
    assert answers.read_body(answer(body)) == {
        "a": Decimal("0.1000000000000000055"),
        "b": Decimal("1E-7"),
        "c": 12345678901234567890,
    }


def test_a_body_is_decoded_once() -> None:
    """Whether it is a page and what it says are read from the same object."""
    response = answer({"data": []})
    assert answers.read_body(response) is answers.read_body(response)


LATEST_DAYS = [
    ("data for 2026-01-05 is not available yet; the latest is 2026-01-03", "2026-01-03"),
    ("the latest available day is 2026-01-03 (asked: 2026-01-05)", "2026-01-03"),
    ("latest available day: 2026-01-03.", "2026-01-03"),
    ("2026-01-02 is complete, 2026-01-04 too, 2026-01-03 was revised", "2026-01-04"),
    ("available from 2026-01-01 to 2026-01-03", "2026-01-03"),
    ("it is 2026-01-06; there is data up to 2026-01-04T00:00:00Z", "2026-01-04"),
    ("the latest available day is 2026-01-01", "2026-01-01"),
    ("data for 2026-01-05 is not available yet", None),
    ("try again on 2026-01-06", None),
    ("nothing exists before 2025-12-31", None),
    ("no such day: 2026-01-32", None),
    ("case 12026-01-03 and 2026-01-031", None),
    ("date: required", None),
    ("", None),
    (None, None),
    (["2026-01-03"], None),
]
each_message = pytest.mark.parametrize(("message", "latest"), LATEST_DAYS, ids=str)


#: The day asked for is young.
TODAY = pendulum.Date(2026, 1, 6)


@each_message
@pytest.mark.parametrize("url", [SKILLS, SUMMARIES], ids=["skills", "summaries"])
def test_the_latest_day_of_a_400(message: object, latest: str | None, url: str) -> None:
    """Both ask for days up to the fifth, which is not there yet if an earlier is named."""
    expected = None if latest is None else windows.parse_day(latest)
    assert answers.latest_available_day(refusal(message, url=url), TODAY) == expected


@pytest.mark.parametrize("status", [200, 401, 403, 404, 410, 422, 429, 500])
def test_only_a_400_says_that_a_day_is_not_there(status: int) -> None:
    """The same words with another status are about something else."""
    message = "the latest available day is 2026-01-03"
    assert answers.latest_available_day(refusal(message, status=status), TODAY) is None


def test_a_later_page_and_an_old_day_are_not_young() -> None:
    """There, a date in the message is about something else, such as a version."""
    message = "the latest is 2026-01-03"
    later_page = refusal(message, url=f"{SKILLS}&page=abc")
    assert answers.latest_available_day(later_page, TODAY) is None
    long_after = TODAY.add(days=60)
    assert answers.latest_available_day(refusal(message, url=SKILLS), long_after) is None


@pytest.mark.parametrize("query", ["", "?limit=7", "?date=", "?date=yesterday"])
def test_without_a_day_asked_for_none_is_too_late(query: str) -> None:
    """There is nothing to compare the named day with."""
    response = refusal("the latest is 2026-01-03", url=f"{URL}skills{query}")
    assert answers.latest_available_day(response, TODAY) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"latest: 2026-01-03", [], {"error": "2026-01-03"}, {"message": "2026-01-03"}],
    ids=str,
)
def test_a_400_without_the_apis_words(body: object) -> None:
    """A gateway's page names no day."""
    assert answers.latest_available_day(answer(body, status=400), TODAY) is None


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("?date=2026-01-05&limit=1000&page=abc", "?date=2026-01-05"),
        (
            "?starting_date=2026-01-02&ending_date=2026-01-06&page=x",
            "?starting_date=2026-01-02&ending_date=2026-01-06",
        ),
        ("?page=abc", ""),
        ("", ""),
    ],
)
def test_what_was_asked(query: str, told: str) -> None:
    """The path and the days; neither host nor cursor, which tell nothing."""
    response = answer({}, url=f"{URL}users{query}")
    assert answers.asked(response) == f"GET /v1/organizations/analytics/users{told}"


def test_the_reason_of_an_error() -> None:
    """Status, the API's words and the request id."""
    error = {"type": "error", "error": {"message": "limit: must be from 1 to 1000"}}
    response = answer(error, status=400, request_id="req_7")
    assert answers.reason(response) == (
        'status 400: "limit: must be from 1 to 1000" (request id req_7)'
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", {}, [], {"error": None}, {"error": {"message": None}}],
    ids=str,
)
def test_the_reason_of_an_error_without_words(body: object) -> None:
    """The phrase of the status stands in, and an id that is missing is unknown."""
    response = answer(body, status=502)
    response.reason = "Bad Gateway"
    assert answers.reason(response) == "status 502 Bad Gateway (request id unknown)"


def test_the_reason_keeps_what_is_private() -> None:
    """Whatever part of the answer quotes it."""
    private = "mary@acme.example sk-ant-api01-secret"
    response = answer(
        {"error": {"message": f"refused: {private}"}}, status=403, request_id=private
    )
    assert answers.reason(response) == (
        'status 403: "refused: [e-mail] [key]" (request id [e-mail] [key])'
    )


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("all is well", "all is well"),
        ("", ""),
        ("mary.oneil+x@acme.example is unknown", "[e-mail] is unknown"),
        ('<mary@acme.example>, "zoë@acme.example"', '<[e-mail]>, "[e-mail]"'),
        ("key sk-ant-api01-Ab_9-x.", "key [key]."),
        ("(sk-ant-admin01-x,sk-ant-api01-y)", "([key],[key])"),
        ("one\r\ntwo\tthree   four", "one two three four"),
        ("\x1b[31mred\x00\u2028end", "[31mred end"),
        ("株式会社", "株式会社"),
    ],
    ids=repr,
)
def test_scrubbed_text(text: str, scrubbed: str) -> None:
    """One line without keys and e-mail addresses."""
    assert answers.scrub(text) == scrubbed


def test_scrubbed_text_is_short() -> None:
    """And it is scrubbed before it is cut, so that no half of a secret is left."""
    assert len(answers.scrub("word " * 1000)) <= 400
    assert "sk-ant" not in answers.scrub("x " * 195 + "sk-ant-api01-secret")
