"""`--test`: one request per endpoint, and a sentence for whatever is wrong."""

import contextlib
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import docs, masking
from tests.simulator import Simulator
from tests.singer import config_for, error_of

#: A key that the simulator does not know unless a test grants it something.
OTHER_KEY = "sk-ant-api01-other"


def lines_of(simulator: Simulator, **settings: Any) -> tuple[list[str], tuple[str, ...]]:
    """Return what the test says, and the sentences that it ends with."""
    sentences: tuple[str, ...] = ()
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        try:
            tap = TapClaudeAnalytics(config=config_for(simulator, **settings))
            tap.run_connection_test()
        except RunFailedError as error:
            sentences = error.sentences
        except ConfigValidationError as error:
            sentences = tuple(error.errors)
    return shown.getvalue().splitlines(), sentences


def streams_of(lines: list[str], verdict: str) -> dict[str, str]:
    """Return the line of each stream with a verdict, yes or no."""
    return {
        line.partition(":")[0].split()[1]: line
        for line in lines[2:]
        if line.startswith(f"{verdict} ")
    }


def test_what_works(simulator: Simulator) -> None:
    """Key, latest day and every stream; each endpoint is asked once, for one row."""
    hashed = {"personal_data": "hash", "personal_data_salt": "x" * 16}
    lines, sentences = lines_of(simulator, **hashed)
    assert sentences == ()
    assert lines[:3] == [
        f"{simulator.url} accepts the key.",
        f"The latest day that the API has is {simulator.latest}.",
        "E-mail addresses and other identities are hashed, and names are left out.",
    ]
    assert streams_of(lines, "no") == {}
    assert streams_of(lines, "yes").keys() == masking.SCHEMAS.keys() - {"readings"}
    paths = [request.path for request in simulator.requests]
    assert paths[0] == "summaries"
    assert len(paths) == len(set(paths)) == 18
    for request in simulator.requests[1:]:
        assert request.params["limit"] == ["1"]
        assert request.path.startswith("/") or (
            simulator.latest.isoformat()
            in request.params.get("date", request.params.get("starting_at", [""]))[0]
        )


def test_a_plan_without_usage_and_cost(simulator: Simulator) -> None:
    """What can be read is said all the same, and why the rest cannot."""
    refused = {"usage": 401, "cost": 401, "usage_report": 422}
    for path, status in refused.items():
        simulator.reply(path, status=status, body=error_of("no usage here"))
    lines, sentences = lines_of(simulator)
    told = streams_of(lines, "no")
    assert told.keys() == refused.keys()
    assert all("no usage here" in line for line in told.values())
    # The legacy report is not selected, so its refusal does not fail the test.
    assert len(sentences) == 2
    assert all("deselect the stream" in sentence for sentence in sentences)


def test_scopes_that_are_missing(simulator: Simulator) -> None:
    """What the key opens, and what the others need; not selected, they do no harm."""
    simulator.grant(OTHER_KEY, "read:analytics", "read:members")
    lines, sentences = lines_of(simulator, api_key=OTHER_KEY)
    assert sentences == ()
    refused = streams_of(lines, "no")
    teams = {"teams", "team_members"}
    assert refused.keys() == {"spend_limits", "spend_limit_requests"} | teams
    assert all("read:members; needed is read:" in line for line in refused.values())
    simulator.grant(OTHER_KEY, "read:rbac_groups")
    lines, sentences = lines_of(simulator, api_key=OTHER_KEY)
    assert streams_of(lines, "yes").keys() == teams
    assert sentences


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"body": "<html>Welcome</html>"}, "not JSON"),
        ({"status": 529, "headers": {"retry-after": "290"}}, "status 529"),
    ],
    ids=["something-else", "overloaded"],
)
def test_an_address_that_does_not_answer_well(
    simulator: Simulator, sleeps: list[float], answer: dict[str, Any], told: str
) -> None:
    """There is one sentence, and nobody waits for minutes, nor asks another endpoint."""
    simulator.reply("summaries", **answer)
    lines, [sentence] = lines_of(simulator)
    assert lines == []
    assert told in sentence
    is_elsewhere = f"Check that api_url ({simulator.url}) is right" in sentence
    assert is_elsewhere == ("body" in answer)
    assert sum(sleeps) < 10


def test_what_teams_are_known_from(simulator: Simulator) -> None:
    """A stream that needs two endpoints cannot be read if one of them is closed.

    One that does not have the latest day yet can be read.
    """
    earlier = simulator.latest - timedelta(days=1)
    message = f"{simulator.latest} is not there; the latest is {earlier}"
    simulator.reply("users", status=400, body=error_of(message), times=1)
    simulator.reply("users", status=404, body=error_of("no users here"))
    lines, sentences = lines_of(simulator, personal_data="drop")
    assert sentences == ()
    assert lines[1:3] == [
        f"The latest day that the API has is {simulator.latest}.",
        "E-mail addresses, other identities and names are left out.",
    ]
    assert streams_of(lines, "no") == {}
    lines, _ = lines_of(simulator)
    assert "org_summaries" in streams_of(lines, "yes")
    assert "org_summaries_by_team" in streams_of(lines, "no")
    lines, _ = lines_of(simulator, rbac_group_ids=["rbac_group_1"])
    assert "org_summaries_by_team" in streams_of(lines, "yes")


def test_the_readme_shows_what_it_says(simulator: Simulator) -> None:
    """Line by line, but for what is different each time."""
    simulator.reply("usage", status=401, body=error_of("…"))
    lines, _ = lines_of(simulator)
    command, *shown = docs.block("test").splitlines()
    assert command.endswith("--test")
    assert shown
    for line in shown:
        there = line.replace("https://api.anthropic.com", simulator.url).replace(
            "2026-11-23", simulator.latest.isoformat()
        )
        pattern = ".*".join(map(re.escape, there.split("…")))
        assert any(re.fullmatch(pattern, found) for found in lines), line


def test_what_people_paste_wrong(simulator: Simulator, sleeps: list[float]) -> None:
    """There is one sentence for all endpoints, and the README has it; nobody waits long."""
    cases: list[dict[str, Any]] = [
        {"api_key": "sk-ant-admin01-abc"},
        {"api_key": f"{simulator.options.api_key}\n"},
        {"api_key": OTHER_KEY},
        {"api_url": "http://127.0.0.1:9"},
        {"api_url": f"{simulator.url}/v1"},
    ]
    rows = re.findall(r"^\| [^|]+ \| `(.+)` \|$", docs.part("mistakes"), re.MULTILINE)
    for shown, settings in zip(rows, cases, strict=True):
        lines, [sentence] = lines_of(simulator, **settings)
        assert lines == []
        assert shown in sentence
    assert len(sleeps) == 1
