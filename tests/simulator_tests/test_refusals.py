"""Refusals for good, and what stands between a client and the API."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.simulator import FAULTS, FLOOR, REFUSALS, RESOURCES, Fault, Kind, Options
from tests.simulator.faults import ANOTHER_ORGANIZATION
from tests.simulator_tests.asking import Row, refusal

if TYPE_CHECKING:
    from tests.simulator import Simulator
    from tests.simulator_tests.asking import Ask

TODAY = date(2026, 4, 15)
LATEST = TODAY - timedelta(days=1)
OPTIONS = Options(today=TODAY, users=25)
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


def test_names_are_used_once() -> None:
    """Both tables can be put together."""
    assert not FAULTS.keys() & REFUSALS.keys()


@each_fault(Kind.DATED)
def test_a_refusal_that_quotes_a_date(
    ask_fresh: Ask, fresh: Simulator, fault: Fault
) -> None:
    """Whatever is asked; a day that the tap might take for the latest one is among them."""
    fresh.fail(fault)
    asked = LATEST.isoformat()
    told = refusal(ask_fresh("skills", HEADERS, date=asked))
    dates = [date.fromisoformat(text) for text in re.findall(r"\d{4}-\d\d-\d\d", told)]
    assert dates
    in_between = [day for day in dates if FLOOR <= day < LATEST]
    quoted = any(text in told for text in (asked, *HEADERS.values()))
    assert bool(in_between) is not quoted
    refusal(ask_fresh(RESOURCES["members"].path))


def test_a_day_that_is_not_there_yet_in_words_without_a_date(
    ask_fresh: Ask, fresh: Simulator
) -> None:
    """Only days within the delay are refused, in summaries and elsewhere."""
    fresh.fail(REFUSALS["not_yet_without_a_date"])
    young, old = (str(LATEST - timedelta(days=days)) for days in (1, 2))
    told = refusal(ask_fresh("skills", date=young))
    assert told == "date must be at least 3 days ago"
    assert ask_fresh("skills", date=old).status_code == 200
    for ending, status in ((LATEST, 400), (LATEST - timedelta(days=1), 200)):
        asked: Row = {"starting_date": "2026-04-01", "ending_date": str(ending)}
        assert ask_fresh("summaries", **asked).status_code == status
    assert ask_fresh(RESOURCES["teams"].path).status_code == 200


def test_summaries_of_31_days_at_most(ask_fresh: Ask, fresh: Simulator) -> None:
    """A longer range is refused without a date, a shorter one and other paths are not."""
    fresh.fail(REFUSALS["summaries_of_31_days_at_most"])
    for start, status in (("2026-03-14", 400), ("2026-03-15", 200)):
        ends: list[Row] = [{}, {"ending_date": str(TODAY)}]
        for end in ends:
            answer = ask_fresh("summaries", starting_date=start, **end)
            assert answer.status_code == status
            if status == 400:
                assert re.findall(r"\d+", refusal(answer)) == ["31"]
    span: Row = {"starting_date": "2026-01-01", "ending_date": "2026-04-01"}
    assert ask_fresh("skills", **span).status_code == 200


@each_fault(Kind.INELIGIBLE)
def test_an_error_code(ask_fresh: Ask, fresh: Simulator, fault: Fault) -> None:
    """It is where the official package looks for it, as an oracle says."""
    fresh.fail(fault, path="skills")
    answer = ask_fresh("skills", date=LATEST)
    assert refusal(answer)
    assert answer.json()["error"]["details"] == {"error_code": fault.name}


@each_fault(Kind.GATEWAY, Kind.PASSING)
def test_a_gateway_refuses(ask_fresh: Ask, fresh: Simulator, fault: Fault) -> None:
    """In a form that is not the API's, and without its headers."""
    fresh.fail(fault, times=2)
    questions: list[tuple[str, Row]] = [
        ("skills", {"date": str(LATEST)}),
        (RESOURCES["members"].path, {}),
    ]
    for path, params in questions:
        answer = ask_fresh(path, **params)
        assert str(answer.status_code) == fault.name[-3:]
        assert not OF_THE_API & answer.headers.keys()
        try:
            body = answer.json()
        except ValueError:
            body = None
        assert body is None or not isinstance(body.get("error"), dict)
        is_page = answer.headers["content-type"].startswith("text/html")
        assert is_page is fault.name.startswith("gateway_page")
    assert ask_fresh("skills", date=str(LATEST)).status_code == 200


def test_another_organization(ask_fresh: Ask, fresh: Simulator) -> None:
    """The rows are there, under another id; or all headers of the API are taken away."""
    question = partial(ask_fresh, "skills", date=str(LATEST))
    truth = question()
    assert truth.headers["anthropic-organization-id"] == fresh.options.organization_id
    fresh.fail(REFUSALS["another_organization"], times=1)
    other = question()
    assert other.json() == truth.json()
    assert other.headers["anthropic-organization-id"] == ANOTHER_ORGANIZATION
    fresh.fail(REFUSALS["headers_taken_away"], times=1)
    bare = question()
    assert bare.json() == truth.json()
    assert not OF_THE_API & bare.headers.keys()


def test_never_refreshed(ask_fresh: Ask, fresh: Simulator) -> None:
    """Reports say null, and the others are as they were."""
    fresh.fail(REFUSALS["never_refreshed"])
    for report in ("usage", "cost_report"):
        body = ask_fresh(report, HEADERS, **SPAN).json()
        assert body["data"]
        assert body["data_refreshed_at"] is None
    assert "data_refreshed_at" not in ask_fresh("skills", date=str(LATEST)).json()
