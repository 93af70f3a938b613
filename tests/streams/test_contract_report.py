"""The contract report: what differs, for publication, and nothing of anybody."""

import json
from datetime import date
from itertools import cycle
from typing import Any
from urllib.parse import quote

import pendulum
import pytest

from tap_claude_analytics.cli.anonymous import GONE, anonymous, field_name
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import masking
from tests.simulator import FAULTS, Simulator
from tests.singer import catalog_of, config_for
from tests.system.personal_data import found, personal_texts

TODAY = pendulum.Date(2026, 10, 12)
DAY = date(2026, 10, 9)
KEY = "sk-ant-api01-Zx9-never_shown"
ADDRESS, NAME = "zoe.quillfeather@private.example", "Zoë Quillfeather"
ORGANIZATION = "Umbrellaworks"
#: Under which names the API has what is about somebody, or what a company has made.
NAMES = {
    *("name", "email_address", "subject", "signed_principal", "project_name"),
    *("id", "user_id", "project_id", "rbac_group_id", "rbac_group_name", "actor_id"),
}

COMPANY = {"users": 12, "projects": 4, "api_key": KEY}


def report(simulator: Simulator, *streams: str, **settings: Any) -> dict[str, Any]:
    """Return the report on some streams, or on all."""
    config, catalog = config_for(simulator, **settings), catalog_of(*streams)
    return TapClaudeAnalytics(config=config, catalog=catalog).contract_report()


def first_of(simulator: Simulator, stream: str, **settings: Any) -> dict[str, Any]:
    """Return what the report tells of the question for a stream."""
    told: dict[str, Any] = report(simulator, stream, **settings)["answers"][0]
    return told


def test_an_api_as_expected(simulator: Simulator) -> None:
    """Nothing differs but what an organisation may lack, and each question is told."""
    questions = report(simulator, *masking.SCHEMAS)["answers"]
    findings = [f for told in questions for f in told.get("differences", [])]
    assert [finding for finding in findings if "in no row" not in finding] == []
    for answer in (answer for told in questions for answer in told["answers"]):
        assert answer["status"] in {200, 400}
        assert answer["seconds"] >= 0
        if answer["status"] == 200:
            assert answer["is_expected_envelope"]
            assert {"next_page", "has_more"} & answer["envelope"].keys()
    asked = [(request.path, str(request.params)) for request in simulator.requests]
    assert len(asked) == len(set(asked))
    users, *_ = (told for told in questions if told["asked_for"] == "user_summaries")
    assert users["parameters"] == {"date": DAY.isoformat(), "limit": 1000}
    assert users["answers"][0]["rows"] == len(simulator.truth("users", DAY))
    assert users["fields"]["user.email_address"] == "string"
    assert users["fields"]["chat_metrics.message_count"] == "integer"
    late, early = (told for told in questions if told["asked_for"].startswith("a day "))
    assert "2026-10-11" in late["answers"][0]["error"]["message"]
    assert "2026-01-01" in early["answers"][0]["error"]["message"]


def test_an_api_that_differs(simulator: Simulator) -> None:
    """New fields, other types and nulls are told, with their paths.

    Two pages are enough to see how cursors work.
    """

    def change(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in found:
            row["nickname"] = {"first_one": [{"letters": 3}]}
            row["web_search_count"] = "many"
            row["chat_metrics"]["message_count"] = 1.5
            row["office_metrics"] = 3
        found[0]["user"] = None
        return found

    simulator.edit("users", DAY, change)
    told = first_of(simulator, "user_summaries", page_size=2)
    assert {
        "chat_metrics.message_count: number, integer in the schema",
        "nickname.first_one[].letters: not in the schema",
        "nickname: not in the schema",
        "office_metrics: integer, object in the schema",
        "web_search_count: string, integer in the schema",
    } <= {*told["differences"]}
    assert told["fields"]["user"] == "null | object"
    assert "many" not in json.dumps(told)
    for answer in told["answers"]:
        assert (answer["rows"], answer["envelope"]["next_page"]) == (2, "string")
    assert len(told["answers"]) == 2


def test_what_is_told_of_answers(simulator: Simulator) -> None:
    """Rate limits with their values, other headers by name only, gateways in words."""
    limits = {"anthropic-ratelimit-requests-remaining": "59", "retry-after": "2"}
    headers = {**limits, "x-served-by": ORGANIZATION}
    simulator.reply("skills", status=429, body={"error": {"type": "x"}}, headers=headers)
    (answer,) = first_of(simulator, "skills")["answers"]
    assert answer["status"] == 429
    assert limits.items() <= answer["headers"].items()
    assert ORGANIZATION not in json.dumps(answer)
    simulator.recover()
    simulator.fail(FAULTS["gateway_json_with_404"])
    (answer,) = first_of(simulator, "skills")["answers"]
    assert answer["body"] == "JSON of another form than the API's errors"
    told = first_of(simulator, "skills", api_url="http://127.0.0.1:9")
    assert told["answers"] == []
    assert told["no_answer"] == "the connection was refused"


def test_nothing_personal(simulator: Simulator) -> None:
    """Errors, fields and headers that name people do not get them into the report."""
    # People in places where nobody expects them.
    friends = {NAME: ADDRESS, "user_01abc": 1, "quillfeather": 2, ADDRESS: 3}
    odd = {"nickname": NAME, "friends": friends, "quillfeather": 3}
    simulator.edit("users", DAY, lambda found: [{**row, **odd} for row in found])
    tools = ("skills", "connectors", "plugins")
    named = personal_texts(simulator, DAY, *NAMES, others=tools)
    named |= {text for team in simulator.teams for text in (team.id, team.name) if text}
    people = sorted(named | {simulator.options.organization_id})
    assert len(people) > 40
    endpoints = ("summaries", "artifacts", "cost", "usage_report", "user_cost_report")
    message = f"{ORGANIZATION}: {NAME} <{ADDRESS}> ({quote(ADDRESS)}) uses {KEY}; "
    # A few of them in each, since long texts are shortened.
    for number, endpoint in zip(range(0, len(people), 8), cycle(endpoints), strict=False):
        error = {
            "type": "permission_error",
            "message": message + ", ".join(people[number : number + 8]),
            "details": {"owner": NAME, ADDRESS: ORGANIZATION},
        }
        headers = {"retry-after": ADDRESS, "x-user": NAME, "request-id": ADDRESS}
        body = {"error": error}
        simulator.reply(endpoint, status=403, times=1, body=body, headers=headers)
    told = report(simulator, *masking.SCHEMAS)
    answers = [answer for question in told["answers"] for answer in question["answers"]]
    assert [answer["status"] for answer in answers].count(403) >= 5
    text = json.dumps(told, ensure_ascii=False)
    assert "permission_error" in text
    secrets = {*people, ADDRESS, quote(ADDRESS), NAME, KEY, KEY[7:], ORGANIZATION}
    assert found(secrets | {"quillfeather", "Quillfeather", "01abc"}, text) == set()
    assert "127.0.0.1" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("date: 2026-01-03 is not there; latest available day: 2026-01-02 (UTC)", None),
        ("group_by[]=rbac_group_id: date must be at least 3 days ago, limit 1-1000", None),
        ("scope read:analytics of usage-cost-2026-08-24 at 2026-01-03T10:00:00Z", None),
        ("the key of Zoe Quill expired 2026-11-12", "the key of […] expired 2026-11-12"),
        ("organization 0c5e8f6a-1111-4222-8333-944455556666", "organization […]"),
        (
            "user_01AbC9, see https://umbrellaworks.example/2026",
            "[…], see https://[…]/2026",
        ),
        ("request 123456789 of 60", "request […] of 60"),
    ],
)
def test_what_stays_of_a_text(text: str, shown: str | None) -> None:
    """Dates, small numbers and words that nobody is called by."""
    assert anonymous(text) == (text if shown is None else shown)


def test_values_of_rows_and_names_of_fields() -> None:
    """A value goes as a whole; a name stays if it can be that of a field only."""
    told = anonymous("skill Usage Report is unknown", {"usage report"})
    assert told == f"skill {GONE} is unknown"
    assert field_name("gizmo_count", {"x"}) == "gizmo_count"
    for name in ("user_01abc", "Zoe", "zoe@x.example", "zoe", "a b"):
        assert field_name(name, {"Zoe Q"}) == GONE
