"""The rules of the parameters, in all three families of endpoints: what is refused."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.simulator import ENDPOINTS, REPORTS, RESOURCES, Options, Simulator
from tests.simulator_tests.asking import Row, path_of, refusal, send

if TYPE_CHECKING:
    import requests

    from tests.simulator_tests.asking import Ask

TODAY = date(2026, 10, 8)
LATEST = date(2026, 10, 7)
DAY = "2026-10-06"
OPTIONS = Options(today=TODAY, users=30)

ONE_DAY: Row = {"date": DAY}
SERIES: Row = {"starting_date": DAY, "ending_date": str(LATEST)}
START, END = "2026-10-05T00:00:00Z", "2026-10-09T00:00:00Z"
SPAN: Row = {"starting_at": START, "ending_at": END}
FIVE = ["actor", "product", "model", "speed", "context_window"]


def of_analytics(path: str) -> Row:
    """Give the parameters that an endpoint below the base path needs."""
    if path in REPORTS:
        return SPAN
    return SERIES if path == "summaries" else ONE_DAY


EVERY_PATH = {
    **{endpoint.path: of_analytics(endpoint.path) for endpoint in ENDPOINTS.values()},
    **dict.fromkeys(REPORTS, SPAN),
    **{resource.path: {} for resource in RESOURCES.values()},
}


@pytest.mark.parametrize("path", EVERY_PATH)
def test_unknown_and_repeated_parameters(ask: Ask, simulator: Simulator, path: str) -> None:
    """A parameter that nobody knows, or one given twice, is refused by name."""
    right = EVERY_PATH[path]
    place = path.format(rbac_group_id=simulator.truth("teams", TODAY)[0]["id"])
    assert ask(place, **right).status_code == 200
    assert refusal(ask(place, **right, colour="x")).startswith("colour: unknown")
    assert refusal(ask(place, **right, limit=[1, 2])).startswith("limit: given 2 times")
    assert refusal(ask(place, **right, limit="0")).startswith("limit: must be from 1 to")


@pytest.mark.parametrize("path", ["skills", "summaries"])
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        *(({"limit": limit}, "limit: ") for limit in ("1001", "-1", "ten", "", "1.0", "٣")),
        *(
            ({"day": day}, "DAY: must be a date")
            for day in ("2026-9-01", "20260901", "2026-02-30", "", "x", "2026-W10-1")
        ),
        ({"day": "2025-12-31"}, "DAY: 2025-12-31 is before 2026-01-01"),
        *(
            ({"filter__": entry}, "filter[]: ")
            for entry in ("user_id", "rbac_group_id:", "colour:red", ":x")
        ),
        ({"filter__": ["rbac_group_id:x"] * 101}, "filter[]: at most 100 entries, got 101"),
        ({"group_by__": "colour"}, "group_by[]: "),
        ({"page": "x"}, "page: "),
    ],
)
def test_a_day_and_a_series(ask: Ask, path: str, wrong: Row, sentence: str) -> None:
    """Both ways of naming days have the same rules."""
    first = next(iter(of_analytics(path)))
    wrong = {first if name == "day" else name: value for name, value in wrong.items()}
    told = refusal(ask(path, **{**of_analytics(path), **wrong}))
    assert told.startswith(sentence.replace("DAY", first))


@pytest.mark.parametrize(
    ("path", "params", "sentence"),
    [
        ("skills", {"order": "up", **ONE_DAY}, "order: must be asc or desc"),
        ("skills", {"order_by": "skill", **ONE_DAY}, "order_by: must be"),
        ("skills", {}, "date: required"),
        ("skills", {"ending_date": DAY}, "ending_date: only valid with starting_date"),
        ("skills", {**ONE_DAY, **SERIES}, "date: use either"),
        (
            "skills",
            {"filter__": "share_status:colour", **ONE_DAY},
            "filter[]: share_status",
        ),
        (
            "users",
            {"filter__": "project_id:x", "group_by__": "rbac_group_id", **ONE_DAY},
            "filter[]: project_id cannot be combined",
        ),
        ("summaries", {}, "starting_date: required"),
        ("summaries", {"ending_date": DAY}, "starting_date: required"),
        (
            "summaries",
            {"starting_date": DAY, "ending_date": DAY},
            "ending_date: 2026-10-06",
        ),
        ("usage", {"ending_at": END}, "starting_at: required"),
        *(
            ("usage", {"starting_at": text}, "starting_at: must be an RFC 3339")
            for text in (
                "2026-10-05",
                "2026-10-05T00:00:00",
                "2026-10-05T00:00:00 00:00",
                "2026-13-05T00:00:00Z",
            )
        ),
        ("cost", {"starting_at": START, "time_bucket_width": "1d"}, "ending_at: required"),
        (
            "user_cost_report",
            {"starting_at": START, "bucket_width": "1h"},
            "ending_at: req",
        ),
        ("usage", {"starting_at": START, "ending_at": START}, "ending_at: must be later"),
        (
            "usage",
            {"starting_at": "2026-09-07T23:59:59Z", "ending_at": END},
            "ending_at: the range",
        ),
        (
            "cost",
            {
                "starting_at": START,
                "ending_at": "2026-10-06T00:00:01Z",
                "time_bucket_width": "1m",
            },
            "ending_at: the range",
        ),
        ("cost_report", {"starting_at": "2025-12-31T23:59:59Z"}, "starting_at: must not"),
        ("usage", {**SPAN, "bucket_width": "1d"}, "bucket_width: unknown"),
        ("usage_report", {**SPAN, "time_bucket_width": "1d"}, "time_bucket_width: unknown"),
        ("usage_report", {**SPAN, "order": "asc"}, "order: unknown"),
        ("usage", {**SPAN, "time_bucket_width": "2d"}, "time_bucket_width: '2d'"),
        ("usage", {**SPAN, "group_by__": "cost_type"}, "group_by[]: 'cost_type'"),
        ("user_usage_report", {**SPAN, "group_by__": "actor"}, "group_by[]: 'actor'"),
        ("usage", {**SPAN, "group_by__": [*FIVE, "actor_type"]}, "group_by[]: at most 5"),
        ("usage", {**SPAN, "products__": "claude-tag"}, "products[]: 'claude-tag'"),
        ("usage_report", {**SPAN, "products__": "claude_tag"}, "products[]: 'claude_tag'"),
        ("usage", {**SPAN, "order_by": "amount"}, "order_by: 'amount'"),
        ("user_cost_report", {**SPAN, "order_by": "time"}, "order_by: 'time'"),
        ("cost", {**SPAN, "order": "up"}, "order: 'up'"),
        ("cost", {**SPAN, "exclude_deleted_users": "true"}, "exclude_deleted_users: needs"),
        ("cost", {**SPAN, "exclude_deleted_users": "1"}, "exclude_deleted_users: '1'"),
        (
            "cost",
            {**SPAN, "group_by__": ["claude_tag_user_id", "rbac_group_id"]},
            "group_by[]: claude_tag_user_id",
        ),
        (
            "user_cost_report",
            {**SPAN, "group_by__": "claude_tag_user_id", "rbac_group_ids__": "x"},
            "group_by[]: claude_tag_user_id",
        ),
        ("cost", {**SPAN, "page": "what"}, "page: not a cursor"),
        ("members", {"limit": "1001"}, "limit: must be from 1 to 1000"),
        ("members", {"page": "x"}, "page: unknown"),
        ("members", {"statuses__": "pending"}, "statuses[]: unknown"),
        ("members", {"roles__": "developer"}, "roles[]: 'developer'"),
        ("members", {"after_id": "user_no"}, "after_id: there is no"),
        ("members", {"before_id": "user_no"}, "before_id: there is no"),
        ("members", {"after_id": "a", "before_id": "b"}, "after_id: use either"),
        ("invites", {"statuses__": "deleted"}, "statuses[]: 'deleted'"),
        ("spend_limits", {"user_ids__": ["user_x"] * 101}, "user_ids[]: at most 100"),
        ("spend_limits", {"after_id": "x"}, "after_id: unknown"),
        ("spend_limits", {"page": "x"}, "page: not a cursor"),
        ("teams", {"email": "x"}, "email: unknown"),
    ],
)
def test_what_is_refused(ask: Ask, path: str, params: Row, sentence: str) -> None:
    """What one endpoint takes, another one does not; every rule can be broken."""
    place = RESOURCES[path].path if path in RESOURCES else path
    assert refusal(ask(place, **params)).startswith(sentence)


@pytest.mark.parametrize("path", ["skills", "summaries"])
@pytest.mark.parametrize("delay", [0, 1, 3])
def test_a_day_that_is_not_there_yet(
    session: requests.Session, path: str, delay: int
) -> None:
    """The refusal names the day asked for and the latest there is, which is answered."""
    name = next(iter(of_analytics(path)))
    with Simulator(Options(today=TODAY, users=3, delay_days=delay)) as simulator:
        ask: Ask = partial(send, simulator, session)
        latest = TODAY - timedelta(days=delay)
        early = latest + timedelta(days=1)
        asked: list[Row] = [{name: str(day)} for day in (early, latest, "2026-01-01")]
        message = refusal(ask(path, **asked[0]))
        assert re.findall(r"\d{4}-\d{2}-\d{2}", message) == [str(early), str(latest)]
        assert ask(path, **asked[1]).ok
        assert ask(path, **asked[2]).ok


def test_range_of_summaries(ask_fresh: Ask, fresh: Simulator) -> None:
    """The end is left out; a range has at most 366 days, and data to its end."""
    first, last = date(2026, 9, 30), date(2026, 10, 3)
    asked = ask_fresh("summaries", starting_date=first, ending_date=last).json()["data"]
    days = [row["starting_at"][:10] for row in asked]
    assert days == ["2026-09-30", "2026-10-01", "2026-10-02"]
    assert asked[1] == fresh.truth("summaries", date(2026, 10, 1))[0]
    rest = ask_fresh("summaries", starting_date=last, limit=1).json()
    assert rest["data"][-1]["starting_at"] == "2026-10-07T00:00:00Z"
    assert len(rest["data"]) == 5
    assert rest["next_page"] is None
    beyond = ask_fresh("summaries", starting_date=DAY, ending_date="2026-10-09")
    assert re.findall(r"\d{4}-\d{2}-\d{2}", refusal(beyond)) == ["2026-10-09", str(LATEST)]
    fresh.today = date(2027, 6, 1)
    longest = ask_fresh("summaries", starting_date="2026-01-01", ending_date="2027-01-02")
    assert len(longest.json()["data"]) == 366
    longer = ask_fresh("summaries", starting_date="2026-01-01", ending_date="2027-01-03")
    assert "366" in refusal(longer)


@pytest.mark.parametrize(
    ("path", "width", "most"),
    [
        ("skills", None, 1000),
        ("members", None, 1000),
        ("usage", "1d", 1000),
        ("usage_report", "1d", 31),
        ("cost_report", "1h", 168),
        ("cost_report", "1m", 256),
    ],
)
def test_limits_end_where_the_contract_says(
    ask: Ask, path: str, width: str | None, most: int
) -> None:
    """`limit` counts rows, or buckets of a width."""
    asked: Row = {} if path in RESOURCES else of_analytics(path)
    if width:
        asked = {**asked, "ending_at": "2026-10-06T00:00:00Z", REPORTS[path].width: width}
    place = RESOURCES[path].path if path in RESOURCES else path
    assert ask(place, **asked, limit=most).status_code == 200
    assert refusal(ask(place, **asked, limit=most + 1)).startswith("limit: must be")


def test_five_dimensions_are_allowed_and_components_do_not_count(ask: Ask) -> None:
    """On cost, `cost_type` and `token_type` come on top."""
    assert ask("usage", **SPAN, group_by__=FIVE).status_code == 200
    dimensions = [*FIVE, "cost_type", "token_type"]
    assert ask("cost", **SPAN, group_by__=dimensions).status_code == 200


def test_a_year_is_counted_from_the_instant(ask_fresh: Ask, fresh: Simulator) -> None:
    """The earliest whole day is the one 364 days ago."""
    fresh.today = date(2027, 3, 1)
    end = "2026-03-09T00:00:00Z"
    first = ask_fresh("usage", starting_at="2026-03-02T00:00:00+00:00", ending_at=end)
    assert first.status_code == 200
    before = ask_fresh("usage", starting_at="2026-03-01T00:00:00Z", ending_at=end)
    assert "must not be before 2026-03-01T12:00:00Z" in refusal(before)


def test_unknown_places(ask: Ask, simulator: Simulator) -> None:
    """Neither a team that was deleted has members, nor a made-up one."""
    deleted = next(team.id for team in simulator.teams if team.name is None)
    for team in (deleted, "rbac_group_no"):
        path = RESOURCES["team_members"].path.format(rbac_group_id=team)
        assert team in refusal(ask(path), 404)
    for path in ("/v1/organizations/groups", "/v1/organizations/rbac_groups/x", "x"):
        refusal(ask(path), 404)


def test_a_cursor_belongs_to_its_parameters(ask: Ask) -> None:
    """Another day, limit, order, filter or endpoint needs a cursor of its own."""
    report: Row = {**SPAN, "group_by__": "product", "time_bucket_width": "1d", "limit": 2}
    limits = RESOURCES["spend_limits"].path
    cases: list[tuple[str, Row, list[Row]]] = [
        ("users", {**ONE_DAY, "limit": 5}, [{"date": "2026-10-05"}, {"order": "desc"}]),
        ("usage", report, [{"limit": 3}, {"models__": "claude-haiku-5"}]),
        (limits, {"limit": 3}, [{"limit": 4}, {"period__": "weekly"}]),
    ]
    for path, asked, changes in cases:
        cursor = ask(path, **asked).json()["next_page"]
        assert ask(path, **asked, page=cursor).ok
        for change in changes:
            told = refusal(ask(path, **{**asked, **change}, page=cursor))
            assert told == "page: this cursor does not belong to these parameters"
        for nonsense in ("x", "", "é", "W10", cursor[:-4]):
            assert refusal(ask(path, **asked, page=nonsense)).startswith("page: ")
    cursor = ask("users", **ONE_DAY, limit=5).json()["next_page"]
    assert "does not belong" in refusal(ask("skills", **ONE_DAY, limit=5, page=cursor))


def test_generations(ask: Ask, simulator: Simulator) -> None:
    """The older generation wraps summaries otherwise; one nobody knows is refused."""
    row = simulator.truth("summaries", date.fromisoformat(DAY))
    newer = {"data": row, "next_page": None}
    version: dict[str, str]
    for version, expected in (
        ({}, newer),
        ({"anthropic-version": "2026-10-21"}, newer),
        ({"anthropic-version": "2023-06-01"}, {"summaries": row}),
    ):
        assert ask("summaries", version, **SERIES).json() == expected
    older = {"anthropic-version": "2023-06-01"}
    assert ask("users", older, **ONE_DAY).json().keys() == {"data", "next_page"}
    unknown = {"anthropic-version": "2025-01-01"}
    for path in ("users", "usage", path_of(simulator, RESOURCES["teams"])):
        assert "anthropic-version" in refusal(ask(path, unknown, **EVERY_PATH[path]))
