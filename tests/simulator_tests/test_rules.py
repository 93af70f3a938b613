"""The rules of the parameters, in all three families of endpoints: what is refused."""

import re
from datetime import date, timedelta
from functools import partial

import pytest
import requests

from tests.simulator import ENDPOINTS, REPORTS, RESOURCES, Options, Row, Simulator
from tests.simulator_tests.asking import Ask, path_of, refusal, send

TODAY = date(2026, 10, 8)
LATEST = date(2026, 10, 7)
DAY = "2026-10-06"
OPTIONS = Options(today=TODAY, users=30)

START, END = "starting_at=2026-10-05T00:00:00Z", "ending_at=2026-10-09T00:00:00Z"
# Parameters that are enough, by path or by name.
RIGHT = {
    **dict.fromkeys((endpoint.path for endpoint in ENDPOINTS.values()), f"date={DAY}"),
    "summaries": f"starting_date={DAY}&ending_date={LATEST}",
    **dict.fromkeys(REPORTS, f"{START}&{END}"),
    **dict.fromkeys(RESOURCES, ""),
}
FIVE = "&".join(
    f"group_by[]={name}"
    for name in ("actor", "product", "model", "speed", "context_window")
)

# What is wrong in an answer of a day and in one of a series alike, by what is said.
OF_DAYS = {
    "limit: must be from 1 to 1000": "limit=1001 limit=-1 limit=ten limit= limit=٣",
    "DAY: must be a date": "DAY=2026-9-01 DAY=20260901 DAY=2026-02-30 DAY= DAY=2026-W10-1",
    "DAY: 2025-12-31 is before 2026-01-01": "DAY=2025-12-31",
    "filter[]: must be": "filter[]=user_id filter[]=rbac_group_id: filter[]=rbac_group_id",
    "filter[]: '": "filter[]=colour:red filter[]=:x",
    "filter[]: at most 100 entries, got 101": "&".join(["filter[]=user_id:x"] * 101),
    "group_by[]: ": "group_by[]=colour",
    "page: ": "page=x",
}
# What one endpoint takes, another one does not; every rule can be broken.
REFUSED = {
    "date: required": "skills skills?ending_date=2026-10-06",
    # The API can do these, but the tap does not ask for them.
    "order: the simulator knows": "skills?RIGHT&order=asc",
    "order_by: the simulator knows": "skills?RIGHT&order_by=skill_name",
    "starting_date: the simulator rolls up only": "users?starting_date=2026-10-06"
    " skills?starting_date=2026-10-06&group_by[]=rbac_group_id",
    "date: use either": "skills?RIGHT&starting_date=2026-10-06",
    "filter[]: share_status": "skills?RIGHT&filter[]=share_status:colour",
    "filter[]: 'project_id:x' is not simulated": "users?RIGHT&filter[]=project_id:x",
    "starting_date: required": "summaries summaries?ending_date=2026-10-06",
    "ending_date: 2026-10-06": "summaries?starting_date=2026-10-06&ending_date=2026-10-06",
    "starting_at: required": "usage?END",
    "starting_at: must be an RFC 3339": "usage?starting_at=2026-10-05"
    " usage?starting_at=2026-10-05T00:00:00 usage?starting_at=2026-13-05T00:00:00Z"
    " usage?starting_at=2026-10-05T00:00:00%2000:00",
    "starting_at: must not": "cost_report?starting_at=2025-12-31T23:59:59Z",
    "ending_at: required": "cost?START&time_bucket_width=1d user_cost_report?START&WIDE",
    "ending_at: must be later": "usage?START&ending_at=2026-10-05T00:00:00Z",
    "ending_at: the range": "usage?END&starting_at=2026-09-07T23:59:59Z"
    " cost?START&ending_at=2026-10-06T00:00:01Z&time_bucket_width=1m",
    "bucket_width: unknown": "usage?RIGHT&WIDE",
    "time_bucket_width: unknown": "usage_report?RIGHT&time_bucket_width=1d",
    "time_bucket_width: '2d'": "usage?RIGHT&time_bucket_width=2d",
    "order: unknown": "usage_report?RIGHT&order=asc",
    "order: 'up'": "cost?RIGHT&order=up",
    "order_by: 'amount'": "usage?RIGHT&order_by=amount",
    "order_by: 'time'": "user_cost_report?RIGHT&order_by=time",
    "group_by[]: 'cost_type'": "usage?RIGHT&group_by[]=cost_type",
    "group_by[]: 'actor'": "user_usage_report?RIGHT&group_by[]=actor",
    "group_by[]: at most 5": "usage?RIGHT&FIVE&group_by[]=actor_type",
    "group_by[]: claude_tag_user_id": (
        "cost?RIGHT&group_by[]=claude_tag_user_id&group_by[]=rbac_group_id"
        " user_cost_report?RIGHT&group_by[]=claude_tag_user_id&rbac_group_ids[]=x"
    ),
    "products[]: 'claude-tag'": "usage?RIGHT&products[]=claude-tag",
    "products[]: 'claude_tag'": "usage_report?RIGHT&products[]=claude_tag",
    "exclude_deleted_users: needs": "cost?RIGHT&exclude_deleted_users=true",
    "exclude_deleted_users: '1'": "cost?RIGHT&exclude_deleted_users=1",
    "page: not a cursor": "cost?RIGHT&page=what spend_limits?page=x",
    "page: unknown": "members?page=x",
    "limit: must be from 1 to 1000": "members?limit=1001",
    "statuses[]: unknown": "members?statuses[]=pending",
    "statuses[]: 'deleted'": "invites?statuses[]=deleted",
    "roles[]: 'developer'": "members?roles[]=developer",
    "after_id: there is no": "members?after_id=user_no",
    "before_id: ": "members?before_id=user_no members?after_id=a&before_id=b",
    "after_id: unknown": "spend_limits?after_id=x",
    "user_ids[]: at most 100": "spend_limits?" + "&".join(["user_ids[]=x"] * 101),
    "email: unknown": "teams?email=x",
}


def asked(simulator: Simulator, question: str) -> str:
    """Write the path of a resource out, and what the abbreviations stand for."""
    name, _, query = question.partition("?")
    path = path_of(simulator, RESOURCES[name]) if name in RESOURCES else name
    short = {"RIGHT": RIGHT[name], "FIVE": FIVE, "START": START, "END": END}
    for word, meaning in {**short, "WIDE": "bucket_width=1h"}.items():
        query = query.replace(word, meaning)
    return f"{path}?{query}"


@pytest.mark.parametrize("name", RIGHT)
def test_unknown_and_repeated_parameters(ask: Ask, simulator: Simulator, name: str) -> None:
    """A parameter that nobody knows, or one given twice, is refused by name."""
    right = asked(simulator, f"{name}?RIGHT")
    assert ask(right).status_code == 200
    assert refusal(ask(f"{right}&colour=x")).startswith("colour: unknown")
    assert refusal(ask(f"{right}&limit=1&limit=2")).startswith("limit: given 2 times")
    assert refusal(ask(f"{right}&limit=0")).startswith("limit: must be from 1 to")


@pytest.mark.parametrize("path", ["skills", "summaries"])
def test_a_day_and_a_series(ask: Ask, path: str) -> None:
    """Both ways of naming days have the same rules."""
    first, _, rest = RIGHT[path].partition("=")
    for sentence, several in OF_DAYS.items():
        for wrong in several.split():
            others = rest.partition("&")[2] if "DAY" in wrong else f"{first}={rest}"
            told = refusal(ask(f"{path}?{others}&{wrong}".replace("DAY", first)))
            assert told.startswith(sentence.replace("DAY", first)), wrong


def test_what_is_refused(ask: Ask, simulator: Simulator) -> None:
    """Every rule has a sentence that begins with the parameter."""
    for sentence, questions in REFUSED.items():
        for question in questions.split():
            told = refusal(ask(asked(simulator, question)))
            assert told.startswith(sentence), question


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_a_day_that_is_not_there_yet(session: requests.Session, delay: int) -> None:
    """The refusal names the day asked for and the latest there is, which is answered."""
    latest = TODAY - timedelta(days=delay)
    early = latest + timedelta(days=1)
    with Simulator(Options(today=TODAY, users=3, delay_days=delay)) as simulator:
        ask: Ask = partial(send, simulator, session)
        for question in ("skills?date", "summaries?starting_date"):
            told = refusal(ask(f"{question}={early}"))
            assert re.findall(r"\d{4}-\d{2}-\d{2}", told) == [str(early), str(latest)]
            assert ask(f"{question}={latest}").ok
            assert ask(f"{question}=2026-01-01").ok


def test_range_of_summaries(ask_fresh: Ask, fresh: Simulator) -> None:
    """The end is left out; a range has at most 366 days, and data to its end."""
    days = [LATEST - timedelta(days=days) for days in (3, 2, 1, 0)]
    rows = [fresh.truth("summaries", day)[0] for day in days]
    part = ask_fresh("summaries", starting_date=days[0], ending_date=days[2])
    assert part.json()["data"] == rows[:2]
    whole = ask_fresh("summaries", starting_date=days[0], limit=1)
    assert whole.json() == {"data": rows, "next_page": None}
    beyond = ask_fresh("summaries", starting_date=DAY, ending_date="2026-10-09")
    assert re.findall(r"\d{4}-\d{2}-\d{2}", refusal(beyond)) == ["2026-10-09", str(LATEST)]
    fresh.today = date(2027, 6, 1)
    year = partial(ask_fresh, "summaries", starting_date="2026-01-01")
    assert len(year(ending_date="2027-01-02").json()["data"]) == 366
    assert "366" in refusal(year(ending_date="2027-01-03"))


def test_what_is_just_allowed(ask: Ask, simulator: Simulator) -> None:
    """`limit` counts rows, or buckets of a width; cost has components on top of five."""
    five = "cost?RIGHT&FIVE&group_by[]=cost_type&group_by[]=token_type"
    assert ask(asked(simulator, five)).status_code == 200
    for question, most in {
        "skills?RIGHT": 1000,
        "members?": 1000,
        "usage?RIGHT&FIVE&time_bucket_width=1d": 1000,
        "usage_report?RIGHT&bucket_width=1d": 31,
        "cost_report?RIGHT&bucket_width=1h": 168,
        "cost_report?START&ending_at=2026-10-06T00:00:00Z&bucket_width=1m": 256,
    }.items():
        wire = asked(simulator, question)
        assert ask(f"{wire}&limit={most}").status_code == 200
        assert refusal(ask(f"{wire}&limit={most + 1}")).startswith("limit: must be")


def test_reports_start_a_year_back(ask_fresh: Ask, fresh: Simulator) -> None:
    """At most, and counted from this instant."""
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


def test_a_cursor_belongs_to_its_parameters(ask: Ask, simulator: Simulator) -> None:
    """Another day, limit, order, filter or endpoint needs a cursor of its own."""
    report = "usage?RIGHT&group_by[]=product&limit="
    for question, changes in {
        "users?RIGHT&limit=5": (
            *("users?date=2026-10-05&limit=5", "users?RIGHT&limit=6"),
            *("users?RIGHT&limit=5&filter[]=user_id:x", "skills?RIGHT&limit=5"),
        ),
        f"{report}2": (f"{report}3", f"{report}2&models[]=claude-haiku-5"),
        "spend_limits?limit=3": ("spend_limits?limit=4",),
    }.items():
        wire = asked(simulator, question)
        cursor = ask(wire).json()["next_page"]
        assert ask(f"{wire}&page={cursor}").ok
        for change in changes:
            told = refusal(ask(f"{asked(simulator, change)}&page={cursor}"))
            assert told == "page: this cursor does not belong to these parameters"
        for nonsense in ("x", "", "é", "W10", cursor[:-4]):
            assert refusal(ask(f"{wire}&page={nonsense}")).startswith("page: ")


def test_generations(ask: Ask, simulator: Simulator) -> None:
    """The older generation wraps summaries otherwise; one nobody knows is refused."""
    row = simulator.truth("summaries", date.fromisoformat(DAY))
    newer: Row = {"data": row, "next_page": None}
    answers = {None: newer, "2026-10-21": newer, "2023-06-01": {"summaries": row}}
    for version, expected in answers.items():
        sent = {"anthropic-version": version}
        assert ask(f"summaries?{RIGHT['summaries']}", sent).json() == expected
        assert ask(f"users?date={DAY}", sent).json().keys() == {"data", "next_page"}
    unknown = {"anthropic-version": "2025-01-01"}
    for name in ("users", "usage", "teams"):
        answer = ask(asked(simulator, f"{name}?RIGHT"), unknown)
        assert "anthropic-version" in refusal(answer)
