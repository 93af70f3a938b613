"""One answer of the API, looked at alone: its rows, its error, and how long to wait."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tap_claude_analytics.api.answers import (
    Answer,
    asked,
    decode_json,
    error_of,
    requested_wait,
)
from tap_claude_analytics.api.errors import (
    ApiError,
    BadRequestError,
    CursorExpiredError,
    PassingError,
    RefusedError,
    UnexpectedAnswerError,
)
from tap_claude_analytics.api.pages import AFTER_ID, BY_PAGE, Paging, read_page
from tap_claude_analytics.common.errors import KEY_ADVICE
from tap_claude_analytics.common.text import scrub
from tap_claude_analytics.records.shapes import RowDecoder

#: The request that the answers are about, in words.
ASKED = "GET /v1/organizations/analytics/skills?date=2026-01-05"
KEY = "zq-key-without-the-prefix"
TEN, LATER = (f"Tue, 06 Jan 2026 10:00:{seconds} GMT" for seconds in ("00", "30"))

ANSWER = Answer(
    path="skills",
    asked=ASKED,
    is_first_page=True,
    status=200,
    reason="",
    headers={"request-id": "req_7"},
    body=b"",
)


def answer(body: object, **changes: Any) -> Answer:
    """Make an answer; bytes are sent as they are, anything else as JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False).encode()
    return replace(ANSWER, body=body, **changes)


def meaning(body: object, **changes: Any) -> ApiError:
    """Return what an answer means that has no rows."""
    return error_of(answer(body, **changes), api_key=KEY, longest_wait=300)


# Pages

#: Pages with rows, and the cursors of those that come next.
PAGES: list[tuple[dict[str, Any], Paging, str | None]] = [
    ({"data": [{"a": "Zoë 株式会社 🚀"}], "next_page": "p2"}, BY_PAGE, "p2"),
    ({"data": [], "next_page": None, "last_id": "a"}, BY_PAGE, None),
    ({"data": [], "next_page": ""}, BY_PAGE, None),
    ({"data": [], "next_page": "p2", "has_more": False}, BY_PAGE, None),
    *(
        ({"data": [], "next_page": "p2", "has_more": more}, BY_PAGE, "p2")
        for more in (True, None, "yes")
    ),
    ({"summaries": [{"a": 1}, {}]}, BY_PAGE, None),
    ({"data": [{"a": 1}], "summaries": [{"a": 2}], "news": {}}, BY_PAGE, None),
    ({"data": [{"id": "a"}], "has_more": True, "last_id": "a"}, AFTER_ID, "a"),
    ({"data": [{"id": "a"}], "has_more": False, "last_id": "a"}, AFTER_ID, None),
    # Unless it says that there is no more, there may be: nothing is lost.
    ({"data": [{"id": "a"}], "last_id": "a"}, AFTER_ID, "a"),
    ({"data": [{"id": "a"}], "last_id": None}, AFTER_ID, None),
]


@pytest.mark.parametrize("refreshed", ["2026-01-05T06:00:00Z", None, 7])
@pytest.mark.parametrize(("body", "paging", "cursor"), PAGES)
def test_pages(
    body: dict[str, Any], paging: Paging, cursor: str | None, refreshed: object
) -> None:
    """Rows and cursor are where either generation has them, also for the slower decoder.

    That one takes, for example, an instant of the refresh that is neither text nor null.
    """
    body = {**body, "data_refreshed_at": refreshed}
    headers = {"request-id": "req_7", "anthropic-organization-id": "org_1"}
    page = read_page(answer(body, headers=headers), paging)
    rows = RowDecoder(dict).decode(page.text, page.rows_key).rows
    assert rows == body.get("data", body.get("summaries"))
    assert page.next_page == cursor
    assert page.data_refreshed_at == (None if refreshed == 7 else refreshed)
    assert (page.request_id, page.organization_id) == ("req_7", "org_1")


#: What is no page, how the next one would be asked for, and what is said to have come.
NO_PAGES: list[tuple[object, Paging, str]] = [
    ([], BY_PAGE, "a JSON list"),
    *(
        (body, BY_PAGE, f"an object with the keys {{{keys}}}")
        for body, keys in (
            ({"data": None, "summaries": []}, "data: NoneType, summaries: list"),
            ({"data": "rows"}, "data: str"),
            ({"summaries": [1]}, "summaries: list"),
            ({"rows": [], "next_page": None}, "next_page: NoneType, rows: list"),
            # Keys are shown only if they cannot be private.
            ({"mary@acme.example": "zoe@acme.example"}, "[name]: str"),
        )
    ),
    ({"data": [], "next_page": ["more"]}, BY_PAGE, "a next_page of type list"),
    ({"data": [{"id": "a"}], "last_id": 7}, AFTER_ID, "a last_id of type int"),
    # More without a way to it must not be taken for the end.
    ({"data": [], "has_more": True, "next_page": ""}, BY_PAGE, "has_more but no cursor"),
    ({"summaries": [], "has_more": True}, BY_PAGE, "has_more but no cursor"),
    ({"data": [{"id": "a"}], "has_more": True}, AFTER_ID, "has_more but no cursor"),
]


@pytest.mark.parametrize(("body", "paging", "found"), NO_PAGES)
def test_what_is_no_page(body: object, paging: Paging, found: str) -> None:
    """The error says what was asked and what came, so that it can be reported."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        read_page(answer(body), paging)
    assert str(caught.value) == (
        f"{ASKED} was answered with {found}; expected a list of rows under data or"
        " summaries (request id req_7). Check whether a newer version of the tap knows this"
        " answer."
    )
    assert caught.value.path == "skills"


NOT_JSON = [
    *(b"", b'{"data": [', b"<html>", b"[NaN]", b'{"data": [NaN]}', b"[-Infinity]"),
    *(b'"\xff"', b'{"data": ["\xff"]}', b"[] []"),
    # No number that a computer holds, and deeper than Python's decoder goes.
    *(b"1e9999999999999999999", b"[" * 100_000),
]


@pytest.mark.parametrize("body", NOT_JSON, ids=lambda body: repr(body[:20]))
def test_what_is_not_json(body: bytes) -> None:
    """There is one error for all of it, since asking again may help."""
    with pytest.raises(ValueError, match=r"."):
        decode_json(body)
    with pytest.raises(ValueError, match=r"."):
        read_page(answer(body))


@pytest.mark.parametrize(
    "news",
    [b'"\\ud800"', b'"\xed\xa0\x80"', b"1e9999999", b"[" * 300 + b"]" * 300],
    ids=["escaped surrogate", "surrogate", "huge", "deep"],
)
def test_odd_values_beside_the_rows(news: bytes) -> None:
    """However odd they are, the rows of a page are found."""
    page = read_page(answer(b'{"data": [{"a": 1}], "news": %b}' % news))
    assert RowDecoder(dict).decode(page.text, page.rows_key).rows == [{"a": 1}]


def test_a_packed_page_is_the_same_and_smaller() -> None:
    """Also when it is packed again."""
    body = {"data": [{"a": number} for number in range(1000)], "next_page": "more"}
    page = read_page(answer(body))
    packed = page.packed()
    assert len(packed.body) < len(page.body) / 4
    assert packed.packed() is packed
    assert packed.text == page.text
    assert (packed.next_page, packed.request_id) == ("more", "req_7")


# Errors

STATUSES: dict[int, type[ApiError]] = {
    **dict.fromkeys((301, 422), ApiError),
    400: BadRequestError,
    **dict.fromkeys((401, 403, 404), RefusedError),
    **dict.fromkeys((408, 409, 429, 500, 529), PassingError),
    410: CursorExpiredError,
}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_what_a_status_means(status: int, kind: type[ApiError]) -> None:
    """The sentence names the request, the status, the API's words and the request id."""
    body = {"type": "error", "error": {"type": "some_error", "message": "no"}}
    found = meaning(body, status=status)
    assert type(found) is kind
    assert found.path == "skills"
    sentence = f'{ASKED} was answered with status {status}: "no" (request id req_7).'
    assert str(found).startswith(sentence)
    assert str(found).endswith(KEY_ADVICE) is (kind is RefusedError)
    assert ("check api_url" in str(found)) is (status == 301)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", {}, [], {"error": None}, {"error": {"message": None}}], ids=str
)
def test_an_error_without_words(body: object) -> None:
    """The reason phrase is shown instead, and an id that is missing is unknown."""
    found = str(meaning(body, status=502, reason="Bad Gateway", headers={}))
    assert found.startswith(f"{ASKED} was answered with status 502 Bad Gateway")
    assert found.endswith("(request id unknown).")


def test_private_text_in_an_error() -> None:
    """Nothing private is shown, whatever part of the answer quotes it."""
    private = f"mary@acme.example {KEY} sk-ant-api01-secret"
    body = {"error": {"message": f"{'x ' * 190}{private}"}}
    shown = str(meaning(body, status=400, headers={"request-id": private[:17]}))
    assert "mary" not in shown
    assert "sk-ant" not in shown
    assert KEY[:6] not in shown
    assert "[e-mail] [key]" in shown


@pytest.mark.parametrize("is_first_page", [True, False])
@pytest.mark.parametrize("message", ["the latest is 2026-01-03", None, ["2026-01-03"]])
def test_what_a_400_keeps(message: object, *, is_first_page: bool) -> None:
    """The API's words, for whoever knows what they mean; and which page it was."""
    body = {"error": {"message": message}}
    found = meaning(body, status=400, is_first_page=is_first_page)
    assert isinstance(found, BadRequestError)
    assert found.api_message == (message if isinstance(message, str) else "")
    assert found.is_first_page is is_first_page


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        *(({"retry-after": text}, None) for text in ("-1", "inf", "nan", "soon")),
        ({"retry-after": LATER, "date": TEN}, 30.0),
        ({"retry-after": TEN, "date": LATER}, 0.0),
    ],
    ids=str,
)
def test_how_long_to_wait(headers: dict[str, str], expected: float | None) -> None:
    """Milliseconds, seconds, or a date by the clock of the server."""
    assert requested_wait(headers) == expected


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


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        *(("all is well", "all is well"), ("", ""), ("株式会社", "株式会社")),
        ("mary.oneil+x@acme.example is unknown", "[e-mail] is unknown"),
        ('<mary@acme.example>, "zoë@acme.example"', '<[e-mail]>, "[e-mail]"'),
        ("key sk-ant-api01-Ab_9-x.", "key [key]."),
        ("(sk-ant-admin01-x,sk-ant-api01-y)", "([key],[key])"),
        ("one\r\ntwo\tthree   four", "one two three four"),
        ("\x1b[31mred\x00\u2028end", "[31mred end"),
        # It is cut after it is scrubbed, so that no half of a secret is left.
        ("x " * 195 + "sk-ant-api01-secret", "x " * 195 + "[key]"),
    ],
)
def test_scrubbed_text(text: str, scrubbed: str) -> None:
    """One short line without keys and e-mail addresses."""
    assert scrub(text) == scrubbed
    assert len(scrub(1000 * f"{text} ")) <= 400
