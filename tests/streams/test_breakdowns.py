"""Who uses what: grouped and filtered streams, compared with the simulator's truth."""

import json
import logging
import re
from typing import Any

import jsonschema
import pendulum
import pytest
import yaml

from tests import docs, masking, truth
from tests.conftest import TODAY
from tests.simulator import Simulator
from tests.singer import Organize, Output, error_of, merged, page_of, run
from tests.truth import assert_true

BY_TEAM = "org_summaries_by_team"
GROUPED = (*truth.BREAKDOWNS, BY_TEAM)
LAST = TODAY.subtract(days=3)
FIRST = LAST.subtract(days=3)
DAYS = [FIRST.add(days=n) for n in range(4)]
GROUP = "rbac_group_id"
UUID = "0b0c1a52-9c6e-4a57-8f3c-0e2f6f5d1a11"
#: A day by which everything has been launched.
AUTUMN = pendulum.Date(2026, 9, 18)
TEXTS = [day.isoformat() for day in DAYS]


def read(simulator: Simulator, *streams: str, **settings: Any) -> Output:
    """Read four days of streams."""
    return run(simulator, *streams, start_date=FIRST, **settings)


def test_every_breakdown_is_the_truth(organization: Organize) -> None:
    """Every row of every user, team and product, and the rows that have none of these."""
    simulator = organization(AUTUMN, users=15)
    days = [AUTUMN.subtract(days=n) for n in (4, 3)]
    output = run(simulator, *GROUPED, start_date=days[0])
    assert not output.failures
    nameless = set()
    for stream in GROUPED:
        records = assert_true(output, simulator, stream, days)
        assert records
        validator = jsonschema.Draft202012Validator(masking.SCHEMAS[stream])
        for record in records:
            validator.validate(record)
        by = truth.KEYS[stream][-1]
        nameless |= {by for record in records if record[by] == "(none)"}
    assert nameless == {"user_id", GROUP, "product"}


def test_a_team_costs_one_request_per_window(organization: Organize) -> None:
    """The teams are asked for once; the days before count, as windows roll."""
    simulator = organization(AUTUMN, users=15)
    run(simulator, BY_TEAM, start_date="2026-09-10", end_date="2026-09-15")
    first, *others = (request.params for request in simulator.requests)
    assert first == {
        "starting_date": ["2026-08-12"],  # 29 days earlier
        "ending_date": ["2026-09-16"],
        "limit": ["1000"],
        "group_by[]": [GROUP],
    }
    asked = sorted(params["filter[]"] for params in others)
    assert asked == sorted([f"{GROUP}:{team.id}"] for team in simulator.teams)


def test_a_day_of_teams_is_the_same_whatever_is_read_with_it(
    organization: Organize,
) -> None:
    """The union of loads is the load of all days, though a team be idle in one of them."""
    simulator = organization(pendulum.Date(2026, 3, 4), users=6)
    days = [pendulum.Date(2026, 2, 26).add(days=n) for n in range(4)]
    for part in (days, days[:2], days[2:]):
        output = run(simulator, BY_TEAM, start_date=part[0], end_date=part[-1])
        counted = {r[GROUP] for r in assert_true(output, simulator, BY_TEAM, part)}
    # A weekend: who was active on neither day still counts in the windows.
    assert counted > {r[GROUP] for r in truth.records(simulator, "team_summaries", days[2])}


def test_teams_can_be_named(simulator: Simulator) -> None:
    """Named teams have every day, counted or not, and nobody is asked who they are."""
    team, unknown = simulator.teams[0].id, "rbac_group_none"
    output = read(simulator, BY_TEAM, rbac_group_ids=[unknown, team])
    records = output.records(BY_TEAM)
    assert [(r["date"], r[GROUP]) for r in records] == [
        (day.isoformat(), named) for day in DAYS for named in sorted([unknown, team])
    ]
    assert {r["monthly_active_user_count"] for r in records if r[GROUP] == unknown} == {0}
    of_seats = {(r["assigned_seat_count"], r["monthly_adoption_rate"]) for r in records}
    assert of_seats == {(None, None)}
    assert [request.path for request in simulator.requests] == ["summaries", "summaries"]


def test_named_teams_narrow_usage_and_cost(simulator: Simulator) -> None:
    """Rows are those of the teams; another choice of teams starts anew."""
    team = simulator.teams[0].id
    by_team = {"report_group_by": [GROUP]}
    output = read(simulator, "usage", "cost", rbac_group_ids=[team], **by_team)
    # Those for the totals too.
    assert all(r.params.get("rbac_group_ids[]") == [team] for r in simulator.requests)
    for stream in ("usage", "cost"):
        assert output.records(stream)
        assert team in output.state["bookmarks"][stream]["shape"]
    again = read(simulator, "usage", state=output.state, **by_team)
    assert again.read_days("usage")[0] == TEXTS[0]


def test_filters_narrow(simulator: Simulator) -> None:
    """Alternatives within a dimension, all dimensions together, as the API has it."""
    team, other, *_ = (f"{GROUP}:{team.id}" for team in simulator.teams)
    user = simulator.truth("users", LAST)[0]["user"]["id"]
    project = simulator.truth("chat_projects", LAST)[0]["project_id"]
    for stream, filters in {
        "adoption": [team, other],
        "team_summaries": [f"user_id:{user}"],
        "chat_projects_by_user": [f"project_id:{project}"],
        "skills": ["product:claude_code", "product:cowork", team],
        "skills_by_user": ["product:chat"],
        "artifacts": ["is_shared:true"],
    }.items():
        output = read(simulator, stream, filters=filters)
        assert assert_true(output, simulator, stream, DAYS, *filters)
        narrow, whole = (
            [truth.records(simulator, stream, day, filters=entries) for day in DAYS]
            for entries in (filters, ())
        )
        assert narrow != whole


def test_users_of_a_project(simulator: Simulator) -> None:
    """The filter goes with every request; what it leaves is not simulated."""
    simulator.reply("users", body=page_of())
    read(simulator, "user_summaries", filters=["project_id:claude_proj_1"])
    sent = [request.params["filter[]"] for request in simulator.requests]
    assert sent == [["project_id:claude_proj_1"]] * len(DAYS)


def test_other_filters_read_again_from_the_start(simulator: Simulator) -> None:
    """The state knows what the rows were narrowed by; no filter leaves no trace in it."""

    def skills(state: dict[str, Any] | None, *filters: str) -> Output:
        return read(simulator, "skills", state=state, filters=[*filters])

    team, other, *_ = (f"{GROUP}:{team.id}" for team in simulator.teams)
    plain = skills(None)
    narrowed = skills(plain.state, team)
    assert narrowed.read_days("skills") == TEXTS
    assert skills(narrowed.state, other).read_days("skills") == TEXTS
    assert skills(narrowed.state, team).read_days("skills") == TEXTS[-3:]
    wide = skills(narrowed.state)
    assert wide.read_days("skills") == TEXTS
    assert merged(narrowed, wide)["bookmarks"]["skills"]["shape"] == "{}"
    truth.assert_current_rows(simulator, "skills", DAYS, plain, narrowed, wide)


def test_filters_name_nobody(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in a log nor in a state, though they may hold people and their things."""
    caplog.set_level(logging.DEBUG)
    filters = ["user_id:user_01Quillfeather", "skill_name:jo@example.com"]
    plain = read(simulator, "skills")
    output = read(simulator, "skills", state=plain.state, filters=filters)
    assert any("have changed" in line for line in caplog.messages)
    assert "skill_name, user_id" in output.state["bookmarks"]["skills"]["shape"]
    assert "filter%5B%5D=[not shown]" in caplog.text
    told = caplog.text + json.dumps(output.states)
    assert not [text for text in ("Quillfeather", "jo@", "jo%40") if text in told]


@pytest.mark.parametrize(
    ("streams", "filters", "parts"),
    [
        (("skills", "user_summaries"), ["product:chat"], ["product", "user_summaries"]),
        (("plugins",), ["product:chat"], ["product 'chat'", "plugins"]),
        (("adoption",), ["user_id:user_1"], ["user_id", "adoption", "rbac_group_id"]),
        (("team_summaries",), ["project_id:claude_proj_1"], ["project_id"]),
        (("skills_by_team",), [f"{GROUP}:{UUID}"], ["by its UUID;", "(rbac_group_…)"]),
        ((BY_TEAM,), [f"{GROUP}:rbac_group_1"], ["; rbac_group_ids selects the teams."]),
    ],
)
def test_a_filter_that_a_stream_does_not_take(
    simulator: Simulator, streams: tuple[str, ...], filters: list[str], parts: list[str]
) -> None:
    """It is refused by name, before the first request."""
    output = run(simulator, *streams, filters=filters)
    assert simulator.requests == []
    assert output.messages == []
    assert all(part in output.failure for part in ("filters", "Deselect", *parts))


def test_the_readmes_filtered_plugin(organization: Organize) -> None:
    """Its streams take its filters; ids that nobody has are told by a warning.

    Streams that are not selected take any filter, and those of usage and cost do not mind.
    """
    simulator = organization(AUTUMN, users=40)
    start: dict[str, Any] = {"start_date": "2026-09-14"}
    # One day with rows is enough.
    simulator.edit("skills", AUTUMN.subtract(days=3), lambda _: [])
    plugins = yaml.safe_load(docs.block("filtered plugin"))["plugins"]
    [plugin] = plugins["extractors"]
    streams = ["usage", *(rule.removesuffix(".*") for rule in plugin["select"])]
    output = run(simulator, *streams, **plugin["config"], **start)
    assert not output.failures
    assert all(output.records(stream) for stream in streams)
    assert "Check its ids" not in str(output.logged)
    nobody = f"{GROUP}:rbac_group_nobody"
    output = run(simulator, "skills", filters=[nobody], **start)
    [warning] = output.warnings
    assert "Stream skills has no rows on any of 2 days that match filters" in warning
    # Without filters there may be nothing on a day.
    output = run(simulator, "plugins", start_date="2026-01-03", end_date="2026-01-04")
    assert output.read_days("plugins") == ["2026-01-03", "2026-01-04"]
    assert not output.records("plugins")
    assert not output.warnings
    output = run(simulator, "usage", rbac_group_ids=["rbac_group_nobody"], **start)
    [warning] = output.warnings
    assert re.search("Stream usage has no rows .* that match rbac_group_ids", warning)


@pytest.mark.parametrize("stream", ["team_summaries", "skills_by_team"])
def test_filtered_teams_are_whole(simulator: Simulator, stream: str) -> None:
    """Of other teams, whose members the filter leaves in part, there are no rows."""
    team = simulator.teams[0].id
    output = read(simulator, stream, filters=[f"{GROUP}:{team}"])
    found = output.records(stream)
    for record in found:
        del record["snapshot_at"]
    rows = [row for day in DAYS for row in truth.records(simulator, stream, day)]
    assert found == [row for row in rows if row[GROUP] == team] != []


def test_days_of_teams_that_are_not_there_yet(organization: Organize) -> None:
    """What all endpoints have is read, also where a team is not known at all."""
    simulator = organization(users=25, delay_days=5)
    output = read(simulator, BY_TEAM, rbac_group_ids=["rbac_group_x"])
    assert output.read_days(BY_TEAM) == TEXTS[:2]
    # The rollup of users may have days that the summaries do not have yet.
    simulator = organization(users=25)
    body = error_of(f"{simulator.latest} is not there; the latest is {DAYS[1]}")
    simulator.reply("summaries", status=400, body=body, times=1)
    output = read(simulator, BY_TEAM, data_delay_days=0)
    assert not output.failures
    assert output.read_days(BY_TEAM) == TEXTS[:2]


@pytest.mark.parametrize(("count", "rows"), [(0, 0), (1, 1), (None, 1)])
def test_a_team_has_a_row_where_it_may_count_anybody(
    simulator: Simulator, count: int | None, rows: int
) -> None:
    """A count of null is not zero; a day without rows, or without teams, has been read."""
    [row] = simulator.truth("summaries", LAST)
    counted = {n: count if n.endswith("_count") else v for n, v in row.items()}
    simulator.reply("summaries", body=page_of(counted))
    output = run(simulator, BY_TEAM, start_date=LAST)
    assert len(output.records(BY_TEAM)) == rows * len(simulator.teams)
    simulator.reply("users", body=page_of({GROUP: None}))
    nobody = run(simulator, BY_TEAM, start_date=LAST)
    assert nobody.records(BY_TEAM) == []
    for each in (output, nobody):
        assert each.read_days(BY_TEAM) == TEXTS[-1:]
        assert each.bookmark(BY_TEAM) == TEXTS[-1]


@pytest.mark.parametrize(
    ("stream", "filters", "team"),
    [
        ("team_summaries", [], 5),
        ("team_summaries", [f"{GROUP}:rbac_group_1"], {}),
        (BY_TEAM, [], []),
    ],
)
def test_a_team_that_is_no_text(
    simulator: Simulator, stream: str, filters: list[str], team: object
) -> None:
    """It is not taken for none, nor for one that filters leave out."""
    simulator.reply("users", body=page_of({GROUP: team}))
    output = read(simulator, stream, filters=filters)
    assert output.records(stream) == []
    assert GROUP in output.failure
