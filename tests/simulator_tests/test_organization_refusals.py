"""Refusals for good, what stands between a client and the API, and the faults of lists."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import anthropic
import pytest
import requests

from tests.simulator import (
    FAULTS,
    FLOOR,
    REFUSALS,
    RESOURCES,
    Fault,
    Kind,
    Options,
    RefusingProxy,
    Resource,
    Simulator,
)
from tests.simulator.certificates import certificate_for
from tests.simulator.organization.catalog import Paging
from tests.simulator.refusals import ANOTHER_ORGANIZATION
from tests.simulator_tests.asking import kept_session, official_client
from tests.simulator_tests.organization_asking import Row, each_of, path_of, refusal, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.simulator_tests.organization_asking import Ask

TODAY = date(2026, 4, 15)
LATEST = TODAY - timedelta(days=1)
HEADERS = {
    "anthropic-version": "2026-10-21",
    "anthropic-beta": "analytics-usage-cost-2026-08-24",
}
SPAN: Row = {"starting_at": "2026-04-13T00:00:00Z", "ending_at": "2026-04-14T00:00:00Z"}
OF_THE_API = {"request-id", "anthropic-organization-id"}


def each_fault(*kinds: Kind) -> pytest.MarkDecorator:
    """Try the refusals of some kinds."""
    tried = [fault for fault in REFUSALS.values() if fault.kind in kinds]
    assert tried
    return pytest.mark.parametrize("fault", tried, ids=[fault.name for fault in tried])


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Run a small organisation."""
    with Simulator(Options(today=TODAY, users=25)) as running:
        yield running


@pytest.fixture
def ask(simulator: Simulator) -> Iterator[Ask]:
    """Ask it."""
    with kept_session() as session:
        yield partial(send, simulator, session)


def test_names_are_used_once() -> None:
    """Both tables can be put together."""
    assert not FAULTS.keys() & REFUSALS.keys()


# Refusals in words


@each_fault(Kind.DATED)
def test_a_refusal_that_quotes_a_date(ask: Ask, simulator: Simulator, fault: Fault) -> None:
    """Whatever is asked; a day that the tap might take for the latest one is among them."""
    simulator.fail(fault)
    asked = LATEST.isoformat()
    told = refusal(ask("skills", HEADERS, date=asked))
    dates = [date.fromisoformat(text) for text in re.findall(r"\d{4}-\d\d-\d\d", told)]
    assert dates
    in_between = [day for day in dates if FLOOR <= day < LATEST]
    quoted = any(text in told for text in (asked, *HEADERS.values()))
    assert bool(in_between) is not quoted
    refusal(ask(RESOURCES["members"].path))


def test_a_day_that_is_not_there_yet_in_words_without_a_date(
    ask: Ask, simulator: Simulator
) -> None:
    """Only days within the delay are refused, in summaries and elsewhere."""
    simulator.fail(REFUSALS["not_yet_without_a_date"])
    young, old = (str(LATEST - timedelta(days=days)) for days in (1, 2))
    told = refusal(ask("skills", date=young))
    assert told == "date must be at least 3 days ago"
    assert ask("skills", date=old).status_code == 200
    for ending, status in ((LATEST, 400), (LATEST - timedelta(days=1), 200)):
        asked: Row = {"starting_date": "2026-04-01", "ending_date": str(ending)}
        assert ask("summaries", **asked).status_code == status
    assert ask(RESOURCES["teams"].path).status_code == 200


def test_summaries_of_31_days_at_most(ask: Ask, simulator: Simulator) -> None:
    """A longer range is refused without a date, a shorter one and other paths are not."""
    simulator.fail(REFUSALS["summaries_of_31_days_at_most"])
    for start, status in (("2026-03-14", 400), ("2026-03-15", 200)):
        ends: list[Row] = [{}, {"ending_date": str(TODAY)}]
        for end in ends:
            answer = ask("summaries", starting_date=start, **end)
            assert answer.status_code == status
            if status == 400:
                assert re.findall(r"\d+", refusal(answer)) == ["31"]
    span: Row = {"starting_date": "2026-01-01", "ending_date": "2026-04-01"}
    assert ask("skills", **span).status_code == 200


@each_fault(Kind.INELIGIBLE)
def test_an_error_code(simulator: Simulator, fault: Fault) -> None:
    """It is where the official package looks for it."""
    simulator.fail(fault, path="skills")
    with (
        official_client(simulator) as client,
        pytest.raises(anthropic.BadRequestError) as caught,
    ):
        client.organization.analytics.skills.list(date=LATEST)
    assert caught.value.error_code == fault.name


# Answers from elsewhere


@each_fault(Kind.GATEWAY)
def test_a_gateway_refuses(ask: Ask, simulator: Simulator, fault: Fault) -> None:
    """In a form that is not the API's, and without its headers."""
    simulator.fail(fault, times=2)
    questions: list[tuple[str, Row]] = [
        ("skills", {"date": str(LATEST)}),
        (RESOURCES["members"].path, {}),
    ]
    for path, params in questions:
        answer = ask(path, **params)
        assert str(answer.status_code) == fault.name[-3:]
        assert not OF_THE_API & answer.headers.keys()
        try:
            body = answer.json()
        except ValueError:
            body = None
        assert body is None or not isinstance(body.get("error"), dict)
        is_page = answer.headers["content-type"].startswith("text/html")
        assert is_page is fault.name.startswith("gateway_page")
    assert ask("skills", date=str(LATEST)).status_code == 200


def test_a_gateway_that_fails_for_a_moment(ask: Ask, simulator: Simulator) -> None:
    """Asking again helps."""
    fault = REFUSALS["gateway_page_with_502"]
    assert fault.kind is Kind.PASSING
    simulator.fail(fault, times=1)
    answer = ask("skills", date=str(LATEST))
    assert (answer.status_code, answer.text[:6]) == (502, "<html>")
    assert not OF_THE_API & answer.headers.keys()
    assert ask("skills", date=str(LATEST)).status_code == 200


def test_another_organization(ask: Ask, simulator: Simulator) -> None:
    """The rows are there, under another id; or all headers of the API are taken away."""
    question = partial(ask, "skills", date=str(LATEST))
    truth = question()
    assert truth.headers["anthropic-organization-id"] == simulator.options.organization_id
    simulator.fail(REFUSALS["another_organization"], times=1)
    other = question()
    assert other.json() == truth.json()
    assert other.headers["anthropic-organization-id"] == ANOTHER_ORGANIZATION
    simulator.fail(REFUSALS["headers_taken_away"], times=1)
    bare = question()
    assert bare.json() == truth.json()
    assert not OF_THE_API & bare.headers.keys()


def test_never_refreshed(ask: Ask, simulator: Simulator) -> None:
    """Reports say null, and the others are as they were."""
    simulator.fail(REFUSALS["never_refreshed"])
    for report in ("usage", "cost_report"):
        body = ask(report, HEADERS, **SPAN).json()
        assert body["data"]
        assert body["data_refreshed_at"] is None
    assert "data_refreshed_at" not in ask("skills", date=str(LATEST)).json()


# Faults of lists of what is true now


def next_of(resource: Resource, body: Row) -> Row:
    """Give the parameter that leads to the next page, or none."""
    if resource.paging is Paging.ID:
        return {"after_id": body["last_id"]} if body["has_more"] else {}
    return {"page": body["next_page"]} if body["next_page"] else {}


@each_of()
def test_faults_of_pages(ask: Ask, simulator: Simulator, resource: Resource) -> None:
    """They fit both ways of paging, and befall the endpoint that is named, by its name."""
    question = partial(ask, path_of(simulator, resource), limit=1)
    truth = question().json()
    following = next_of(resource, truth)
    assert following
    simulator.fail(FAULTS["expired_cursor"], path=resource.name)
    assert question().status_code == 200
    assert question(**following).status_code == 410
    simulator.recover()
    simulator.fail(FAULTS["empty_page_with_a_cursor"], path=resource.name, times=1)
    empty = question().json()
    assert empty["data"] == []
    assert question(**next_of(resource, empty)).json() == truth
    simulator.fail(FAULTS["pages_without_end"], path=resource.path)
    cursor: Row = {}
    seen = set()
    for _ in range(5):
        body = question(**cursor).json()
        assert body["data"] == []
        cursor = next_of(resource, body)
        seen.add(json.dumps(cursor))
    assert len(seen) == 5
    simulator.recover()
    simulator.fail(FAULTS["cursor_that_repeats"])
    first = next_of(resource, question().json())
    assert next_of(resource, question(**first).json()) == first


@each_of()
def test_faults_of_rows(ask: Ask, simulator: Simulator, resource: Resource) -> None:
    """Rows come twice, or vanish for good; a day that was not asked for cannot come."""
    question = partial(ask, path_of(simulator, resource), limit=1000)
    truth = question().json()["data"]
    simulator.fail(FAULTS["rows_twice"], times=1)
    doubled = question().json()["data"]
    assert doubled[::2] == doubled[1::2] == truth
    for name in ("rows_of_another_day", "not_yet", "never_refreshed"):
        simulator.fail((FAULTS | REFUSALS)[name], times=1)
    assert question().json()["data"] == truth
    simulator.recover()
    simulator.fail(FAULTS["revised_rows"], path=resource.name, times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        question()
    rest = simulator.truth(resource.name, TODAY)
    assert question().json()["data"] == [row for row in truth if row in rest] != truth
    simulator.fail(FAULTS["stale_cursor"], path=resource.name)
    last = question().json()
    assert last["has_more"] is False
    assert "left-over" in {last.get("last_id"), last.get("next_page")}


# Proxies and certificates


@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_lets_nobody_through(simulator: Simulator, status: int) -> None:
    """Neither plain requests nor tunnels; it asks for credentials with 407 only."""
    with RefusingProxy(status) as proxy, kept_session() as session:
        session.proxies = {"http": proxy.url, "https": proxy.url}
        answer = session.get(simulator.url, timeout=5)
        assert answer.status_code == status
        assert ("proxy-authenticate" in answer.headers) is (status == 407)
        with pytest.raises(requests.exceptions.ProxyError, match=str(status)):
            session.get("https://api.example.com/v1/organizations/users", timeout=5)
        asked = [(request.method, request.path) for request in proxy.requests]
        assert asked == [
            ("GET", f"{simulator.url}/"),
            ("CONNECT", "api.example.com:443"),
        ]
    assert simulator.requests == []


def test_certificates(tmp_path: Path) -> None:
    """One is of an authority that nobody knows, one for another host, and one is right."""
    with kept_session() as session:
        for host, trusted, reason in (
            ("127.0.0.1", False, "CERTIFICATE_VERIFY_FAILED"),
            ("api.example.com", True, "IP address mismatch"),
            ("127.0.0.1", True, None),
        ):
            certificate = certificate_for(host)
            authority = tmp_path / "authority.pem"
            authority.write_bytes(certificate.authority)
            options = Options(today=TODAY, users=3)
            with Simulator(options, tls=certificate.context) as simulator:
                assert simulator.url.startswith("https://127.0.0.1:")
                session.verify = str(authority) if trusted else True
                question = partial(send, simulator, session, "skills", date=str(LATEST))
                if reason is None:
                    assert question().status_code == 200
                    return
                with pytest.raises(requests.exceptions.SSLError, match=reason):
                    question()
                assert simulator.requests == []
