"""One page: told apart from anything else, and where the next one is."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tap_claude_analytics.api.client import BASE_PATH, url_path
from tap_claude_analytics.api.errors import UnexpectedAnswerError
from tap_claude_analytics.api.pacer import Pacers
from tap_claude_analytics.api.pages import AFTER_ID, BY_PAGE, Paging, read_page
from tap_claude_analytics.common.progress import Progress
from tap_claude_analytics.records.shapes import RowDecoder
from tests.unit.responses import ASKED, answer

_DECODER = RowDecoder(dict)


def rows_of(body: object) -> list[dict[str, Any]]:
    """Return the rows of a page."""
    page = read_page(answer(body))
    return _DECODER.decode(page.text, page.rows_key).rows


@pytest.mark.parametrize(
    ("body", "rows", "next_page"),
    [
        ({"data": [{"a": 1}], "next_page": "more"}, [{"a": 1}], "more"),
        ({"data": [], "next_page": ""}, [], None),
        ({"data": []}, [], None),
        ({"summaries": [{"a": 1}, {}]}, [{"a": 1}, {}], None),
        ({"data": [{"a": 1}], "news": {"b": 2}}, [{"a": 1}], None),
        ({"data": [{"a": 1}], "summaries": [{"a": 2}]}, [{"a": 1}], None),
        ({"data": [], "has_more": True, "next_page": "more"}, [], "more"),
        ({"data": [], "has_more": None, "next_page": "more"}, [], "more"),
        ({"data": [], "has_more": "yes", "next_page": "more"}, [], "more"),
        ({"data": [{"a": "Zoë 株式会社 🚀"}]}, [{"a": "Zoë 株式会社 🚀"}], None),
    ],
)
def test_rows_and_cursor(
    body: object, rows: list[dict[str, Any]], next_page: str | None
) -> None:
    """They are found in the answers of both generations."""
    page = read_page(answer(body, request_id="req_7"))
    assert rows_of(body) == rows
    assert page.next_page == next_page
    assert page.request_id == "req_7"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, "{}"),
        ([], "list"),
        (None, "NoneType"),
        ({"data": None}, "data: NoneType"),
        ({"data": None, "summaries": []}, "data: NoneType, summaries: list"),
        ({"data": "rows"}, "data: str"),
        ({"summaries": [1]}, "summaries: list"),
        ({"rows": [], "next_page": None}, "next_page: NoneType, rows: list"),
        ({"data": [], "next_page": 2}, "next_page"),
        ({"data": [], "next_page": ["more"]}, "next_page"),
        ({"data": [], "has_more": True}, "no cursor"),
        ({"data": [], "has_more": True, "next_page": ""}, "no cursor"),
        ({"summaries": [], "has_more": True}, "no cursor"),
    ],
    ids=str,
)
def test_what_is_no_page(body: object, found: str) -> None:
    """The error says what was asked and what came, so that it can be reported."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        read_page(answer(body, request_id="req_7"))
    sentence = str(caught.value)
    assert sentence.startswith(ASKED)
    assert found in sentence
    assert "req_7" in sentence


def test_an_unexpected_answer_shows_no_values() -> None:
    """Only the keys are shown, and only those that may not be private."""
    body = {"who": "zoe@acme.example", "mary@acme.example": 1, "data": None}
    with pytest.raises(UnexpectedAnswerError) as caught:
        read_page(answer(body))
    assert "acme.example" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [b"", b'{"data": [', b'{"data": [NaN]}', b"[" * 100_000, b'{"data": ["\xff"]}'],
    ids=["empty", "cut", "NaN", "deep", "no text"],
)
def test_what_is_not_json(body: bytes) -> None:
    """One error for all of it, since asking again may help."""
    with pytest.raises(ValueError, match=r"."):
        read_page(answer(body))


@pytest.mark.parametrize(
    "news",
    [b'"\\ud800"', b'"\xed\xa0\x80"', b"1e9999999", b"[" * 300 + b"]" * 300],
    ids=["escaped surrogate", "surrogate", "huge", "deep"],
)
def test_odd_values_beside_the_rows(news: bytes) -> None:
    """However odd they are, the rows of a page are found."""
    assert rows_of(b'{"data": [{"a": 1}], "news": %b}' % news) == [{"a": 1}]


@pytest.mark.parametrize("refreshed", ["2026-01-05T06:00:00Z", None])
def test_when_the_data_was_refreshed(refreshed: str | None) -> None:
    """Reports say it; what is no text says nothing."""
    for key in ("data", "summaries"):
        page = read_page(answer({key: [], "data_refreshed_at": refreshed}))
        assert page.data_refreshed_at == refreshed
        page = read_page(answer({key: [], "data_refreshed_at": 7}))
        assert page.data_refreshed_at is None


@pytest.mark.parametrize("key", ["data", "summaries"])
def test_whose_page_it_is(key: str) -> None:
    """The answer names organisation and request, whatever the form of the page."""
    whose = answer({key: []}, request_id="req_7", anthropic_organization_id="org_1")
    page = read_page(whose)
    assert (page.request_id, page.organization_id) == ("req_7", "org_1")


def test_a_packed_page_is_the_same_and_smaller() -> None:
    """Also when it is packed again."""
    body = {"data": [{"a": number} for number in range(1000)], "next_page": "more"}
    page = read_page(answer(body, request_id="req_7"))
    packed = page.packed()
    assert len(packed.body) < len(page.body) / 4
    assert packed.packed() is packed
    assert packed.text == page.text
    assert (packed.next_page, packed.request_id) == ("more", "req_7")


@pytest.mark.parametrize("refreshed", [None, 7], ids=["fast", "slow"])
@pytest.mark.parametrize(
    ("paging", "rest", "cursor"),
    [
        (BY_PAGE, {"next_page": "p2"}, "p2"),
        (BY_PAGE, {"next_page": None, "last_id": "a"}, None),
        (BY_PAGE, {"next_page": "p2", "has_more": False}, None),
        (AFTER_ID, {"has_more": True, "last_id": "a"}, "a"),
        (AFTER_ID, {"has_more": False, "last_id": "a"}, None),
        # Unless it says that there is no more, there may be: nothing is lost.
        (AFTER_ID, {"last_id": "a"}, "a"),
        (AFTER_ID, {"last_id": None}, None),
    ],
)
def test_the_next_page(
    refreshed: object, paging: Paging, rest: dict[str, Any], cursor: str | None
) -> None:
    """It is where the endpoint has it, also if only the slower decoder takes the answer."""
    body = {"data": [{"id": "a"}], "data_refreshed_at": refreshed, **rest}
    assert read_page(answer(body), paging).next_page == cursor


@pytest.mark.parametrize("rest", [{}, {"last_id": None}, {"last_id": 7}], ids=str)
def test_more_without_a_way_to_it(rest: dict[str, Any]) -> None:
    """That must not be taken for the end."""
    with pytest.raises(UnexpectedAnswerError):
        read_page(answer({"data": [{"id": "a"}], "has_more": True, **rest}), AFTER_ID)


def test_paths() -> None:
    """Most endpoints are those of analytics."""
    assert url_path("apps/chat/projects") == f"{BASE_PATH}apps/chat/projects"
    assert url_path("/v1/organizations/users") == "/v1/organizations/users"


def test_rate_limits() -> None:
    """Analytics, spend limits and people are counted apart."""
    pacers = Pacers(7, Progress(logging.getLogger("quiet")))
    of_analytics = pacers.of("users"), pacers.of("apps/chat/projects")
    start = "/v1/organizations/"
    of_limits = pacers.of(f"{start}spend_limits/x"), pacers.of(f"{start}spend_limit_y")
    of_people = pacers.of(f"{start}users"), pacers.of(f"{start}rbac_groups/1/members")
    together = (of_analytics, of_limits, of_people)
    assert all(one is other for one, other in together)
    assert len({id(pacer) for pacer, _ in together}) == 3
