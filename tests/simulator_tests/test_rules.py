"""The rules of the simulator: refusals, series, cursors, generations, and its data."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.simulator import ENDPOINTS, FLOOR, Endpoint, Options, Simulator
from tests.simulator_tests.asking import get, kept_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

    Ask = Callable[..., requests.Response]

TODAY = date(2026, 10, 8)
LATEST = date(2026, 10, 7)
DAY = "2026-10-06"

each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Run an organisation on a fixed day, only to be asked."""
    with Simulator(Options(today=TODAY)) as running:
        yield running


@pytest.fixture
def fresh() -> Iterator[Simulator]:
    """Run one to be edited, moved and scripted."""
    with Simulator(Options(today=TODAY)) as running:
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Keep connections alive."""
    with kept_session() as kept:
        yield kept


@pytest.fixture(scope="module")
def ask(simulator: Simulator, session: requests.Session) -> Ask:
    """Ask with the right key, unless other headers are given."""
    return asker(simulator, session)


def asker(simulator: Simulator, session: requests.Session) -> Ask:
    """Make the function that asks a simulator."""

    def ask(
        path: str, headers: dict[str, str] | None = None, **params: object
    ) -> requests.Response:
        if headers is None:
            headers = {"x-api-key": simulator.options.api_key}
        return get(simulator, session, path, headers, params)

    return ask


def days_of(endpoint: Endpoint) -> dict[str, str]:
    """Give the parameters for one day."""
    if "date" in endpoint.parameters:
        return {"date": DAY}
    return {"starting_date": DAY, "ending_date": LATEST.isoformat()}


def refusal(response: requests.Response, status: int, kind: str) -> str:
    """Check the shape of a refusal and give its sentence."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body.keys() == {"type", "error", "request_id"}
    assert body["type"] == "error"
    assert body["error"].keys() == {"type", "message"}
    assert body["error"]["type"] == kind
    assert body["request_id"] == response.headers["request-id"]
    return str(body["error"]["message"])


def bad(response: requests.Response) -> str:
    """Check that a parameter was refused and give the sentence."""
    return refusal(response, 400, "invalid_request_error")


@each_endpoint
def test_unknown_and_repeated_parameters(ask: Ask, endpoint: Endpoint) -> None:
    """A parameter nobody knows, or one given twice, is refused by name."""
    assert "colour" in bad(ask(endpoint.path, colour="red", **days_of(endpoint)))
    assert "limit" in bad(ask(endpoint.path, limit=[1, 2], **days_of(endpoint)))


@each_endpoint
@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "", "1.0", "٣"])
def test_limit_is_from_1_to_1000(ask: Ask, endpoint: Endpoint, limit: str) -> None:
    """A limit outside of the bounds is refused."""
    assert "limit" in bad(ask(endpoint.path, limit=limit, **days_of(endpoint)))


@each_endpoint
@pytest.mark.parametrize(
    "day", ["2026-9-01", "20260901", "2026-02-30", "", "x", "2026-W10-1"]
)
def test_dates_have_one_form(ask: Ask, endpoint: Endpoint, day: str) -> None:
    """Only YYYY-MM-DD of a day that exists is a date."""
    name = next(iter(days_of(endpoint)))
    assert name in bad(ask(endpoint.path, **{name: day}))


@each_endpoint
def test_nothing_before_the_floor(ask: Ask, endpoint: Endpoint) -> None:
    """The first day is there, the one before it is refused."""
    name = next(iter(days_of(endpoint)))
    assert "2026-01-01" in bad(ask(endpoint.path, **{name: "2025-12-31"}))
    assert ask(endpoint.path, **{name: "2026-01-01"}).ok


@each_endpoint
@pytest.mark.parametrize("delay", [0, 1, 3])
def test_a_day_that_is_not_there_yet(
    session: requests.Session, endpoint: Endpoint, delay: int
) -> None:
    """The refusal names the day asked for and the latest there is, which is answered."""
    name = next(iter(days_of(endpoint)))
    with Simulator(Options(today=TODAY, delay_days=delay)) as simulator:
        ask = asker(simulator, session)
        latest = TODAY - timedelta(days=delay)
        early = latest + timedelta(days=1)
        message = bad(ask(endpoint.path, **{name: early.isoformat()}))
        assert re.findall(r"\d{4}-\d{2}-\d{2}", message) == [str(early), str(latest)]
        assert ask(endpoint.path, **{name: latest.isoformat()}).ok


def test_summaries_are_a_series_with_an_exclusive_end(
    simulator: Simulator, ask: Ask
) -> None:
    """The end itself is left out; without one, the series goes as far as there is data."""
    first, last = date(2026, 9, 30), date(2026, 10, 3)
    asked = ask("summaries", starting_date=first, ending_date=last).json()["data"]
    assert [row["starting_at"][:10] for row in asked] == [
        "2026-09-30",
        "2026-10-01",
        "2026-10-02",
    ]
    assert asked[1] == simulator.truth("summaries", date(2026, 10, 1))[0]
    rest = ask("summaries", starting_date=last, limit=1).json()
    assert rest["data"][-1]["starting_at"] == "2026-10-07T00:00:00Z"
    assert len(rest["data"]) == 5
    assert rest["next_page"] is None


def test_range_of_summaries(fresh: Simulator, session: requests.Session) -> None:
    """A range needs a start, some length, at most 366 days, and data to its end."""
    ask = asker(fresh, session)
    assert "starting_date" in bad(ask("summaries"))
    assert "starting_date" in bad(ask("summaries", ending_date=DAY))
    assert "later" in bad(ask("summaries", starting_date=DAY, ending_date=DAY))
    message = bad(ask("summaries", starting_date=DAY, ending_date="2026-10-09"))
    assert re.findall(r"\d{4}-\d{2}-\d{2}", message) == ["2026-10-09", "2026-10-07"]
    assert ask("summaries", starting_date=DAY, ending_date=TODAY).ok
    fresh.today = date(2027, 6, 1)
    longest = ask("summaries", starting_date="2026-01-01", ending_date="2027-01-02")
    assert len(longest.json()["data"]) == 366
    message = bad(ask("summaries", starting_date="2026-01-01", ending_date="2027-01-03"))
    assert "366" in message


@each_endpoint
def test_rules_of_filters(ask: Ask, endpoint: Endpoint) -> None:
    """A filter is a known dimension, a colon and an allowed value; at most 100 of them."""
    days = days_of(endpoint)
    for wrong in ("user_id", "user_id:", "colour:red", ":x"):
        assert "filter[]" in bad(ask(endpoint.path, filter__=wrong, **days))
    for dimension, allowed in endpoint.filters.items():
        refused = ask(endpoint.path, filter__=f"{dimension}:colour", **days)
        assert refused.status_code == (400 if allowed else 200)
    many = ["rbac_group_id:x"] * 101
    assert "100" in bad(ask(endpoint.path, filter__=many, **days))


@each_endpoint
def test_groups_are_checked(ask: Ask, endpoint: Endpoint) -> None:
    """What cannot be grouped by is refused."""
    days = days_of(endpoint)
    assert "group_by[]" in bad(ask(endpoint.path, group_by__="colour", **days))


def test_a_cursor_belongs_to_its_parameters(ask: Ask) -> None:
    """Another day, limit, order or endpoint needs a cursor of its own."""
    cursor = ask("users", date=DAY, limit=5).json()["next_page"]
    assert ask("users", date=DAY, limit=5, page=cursor).ok
    for other in (
        {"date": "2026-10-05", "limit": 5},
        {"date": DAY, "limit": 6},
        {"date": DAY, "limit": 5, "order": "desc"},
    ):
        message = bad(ask("users", page=cursor, **other))
        assert "does not belong" in message
    assert "does not belong" in bad(ask("skills", date=DAY, limit=5, page=cursor))
    for nonsense in ("x", "", "é", "W10", cursor[:-4]):
        assert "page" in bad(ask("users", date=DAY, limit=5, page=nonsense))


def test_generations(simulator: Simulator, ask: Ask) -> None:
    """The older generation wraps summaries otherwise; one nobody knows is refused."""
    row = simulator.truth("summaries", date.fromisoformat(DAY))
    key = {"x-api-key": simulator.options.api_key}
    days = days_of(ENDPOINTS["summaries"])
    newer = {"data": row, "next_page": None}
    for version, expected in (
        ({}, newer),
        ({"anthropic-version": "2026-10-21"}, newer),
        ({"anthropic-version": "2023-06-01"}, {"summaries": row}),
    ):
        assert ask("summaries", key | version, **days).json() == expected
    older = key | {"anthropic-version": "2023-06-01"}
    assert ask("users", older, date=DAY).json().keys() == {"data", "next_page"}
    unknown = key | {"anthropic-version": "2025-01-01"}
    assert "anthropic-version" in bad(ask("users", unknown, date=DAY))


def test_the_seed_decides() -> None:
    """Two of one seed agree, in whatever order they are asked; another seed differs."""
    days = [FLOOR + timedelta(days=offset) for offset in range(0, 300, 23)]
    one, same, other = (Simulator(Options(seed=seed, today=TODAY)) for seed in (1, 1, 2))
    for name in ENDPOINTS:
        rows = {day: one.truth(name, day) for day in days}
        assert {day: same.truth(name, day) for day in reversed(days)} == dict(
            reversed(rows.items())
        )
        assert {day: other.truth(name, day) for day in days} != rows


def test_summaries_count_the_users() -> None:
    """Active users are those with a row, weeks and months the unions of their days."""
    simulator = Simulator(Options(today=TODAY))

    def active(last: date, days: int, block: str | None = None) -> int:
        back = [last - timedelta(days=offset) for offset in range(days)]
        rows = [row for day in back for row in simulator.truth("users", day)]
        if block:
            rows = [row for row in rows if row[block]["message_count"]]
        return len({row["user"]["id"] for row in rows})

    for day in (date(2026, 5, 3), date(2026, 9, 15)):
        (row,) = simulator.truth("summaries", day)
        for period, length in (("daily", 1), ("weekly", 7), ("monthly", 30)):
            count = row[f"{period}_active_user_count"]
            assert count == active(day, length)
            rate = round(100 * count / row["assigned_seat_count"], 2)
            assert row[f"{period}_adoption_rate"] == rate
            cowork = row[f"cowork_{period}_active_user_count"]
            assert cowork == active(day, length, "cowork_metrics")
        # Unified counts 28 days as a month, and has its messages one level lower.
        month = [day - timedelta(days=offset) for offset in range(28)]
        unified = {
            user["user"]["id"]
            for past in month
            for user in simulator.truth("users", past)
            if (block := user.get("chat_cowork_unified_metrics"))
            and block["chat"]["message_count"]
        }
        count = row.get("chat_cowork_unified_monthly_active_user_count", 0)
        assert count == len(unified)
