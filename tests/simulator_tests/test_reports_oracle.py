"""The official package judges the reports: its client lists them, its models check them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

import pytest
from anthropic.types.beta.organization import beta_analytics_actor_type

from tests.simulator import REPORTS, Options, Report, Simulator
from tests.simulator_tests.oracle import (
    checked,
    expected,
    judged_rows,
    literals,
    model_of,
    on_the_wire,
)

if TYPE_CHECKING:
    import anthropic

    from tests.simulator_tests.asking import Row

TODAY = date(2026, 10, 8)
OPTIONS = Options(today=TODAY, empty_page_every=2, echo_last_cursor=True)
START, END = TODAY - timedelta(days=12), TODAY + timedelta(days=1)
RANGE = {"starting_at": f"{START}T00:00:00Z", "ending_at": f"{END}T00:00:00Z"}

ACTORS = {"user_actor", "service_account_actor", "api_actor", "federated_actor"}

pytestmark = pytest.mark.slow
each_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


def path_of(report: Report) -> str:
    """Name what lists a report in the client."""
    return f"beta.organization.analytics.{report.name}"


@each_report
def test_rows_are_those_of_the_official_models(
    simulator: Simulator, client: anthropic.Anthropic, report: Report
) -> None:
    """Every raw row validates strictly, none is missing, every field has been null."""
    path = path_of(report)
    seen: set[tuple[str, str]] = set()
    # Every dimension is brought once, as few at a time as the rules allow.
    allowed = sorted(report.groups - {"rbac_group_id"})
    sets = [allowed[place : place + 5] for place in range(0, len(allowed), 5)]
    for group_by in ([], *sets, ["rbac_group_id"]):
        question: Row = {**RANGE, "group_by": group_by, report.width: "1d"}
        question["limit"] = 31 if report.name in {"usage_report", "cost_report"} else 1000
        if not report.legacy:
            question |= {"order_by": "time", "order": "asc"}
        judged = list(judged_rows(client, path, **question))
        rows = [raw for _, raw in judged]
        truth = simulator.truth_report(report.name, START, END, group_by=group_by)
        # Rows of users cannot be had by time, and buckets are in that order anyway.
        assert "order" not in question or rows == truth
        assert sorted(rows, key=json.dumps) == sorted(truth, key=json.dumps)
        seen.update(way for typed, _ in judged for way in checked(typed))
    plain = attrgetter(path)(client).list(starting_at=RANGE["starting_at"], limit=9)
    seen.update(way for row in plain.data for way in checked(row))
    # Usage counts its requests, though the models allow it not to.
    places = {"usage": "usage.", "usage_report": "results.", "user_usage_report": ""}
    never = {f"{places[report.name]}requests"} if report.name in places else set()
    ways = set(expected(model_of(client, path)))
    assert seen == ways - {(name, "null") for name in never}


def test_all_kinds_of_actors_occur(simulator: Simulator) -> None:
    """Users, gone or not, machines, all providers, and several that have no name."""
    rows = simulator.truth_report("usage", START, END, group_by=["actor"])
    actors = [row["group"]["actor"] for row in rows]
    named = [actor for actor in actors if actor]
    assert {actor["type"] for actor in named} == ACTORS
    assert literals(beta_analytics_actor_type.BetaAnalyticsActorType) == ACTORS
    providers = {actor["provider"]["type"] for actor in named if "provider" in actor}
    assert providers == {"aws", "azure", "gcp", "oidc"}
    users = [actor for actor in named if actor["type"] == "user_actor"]
    ways = {(user["deleted"], user["email_address"] is None) for user in users}
    assert ways == {(False, False), (True, False), (True, True)}
    assert None in actors


@each_report
def test_every_parameter_of_the_package_is_known(
    client: anthropic.Anthropic, report: Report
) -> None:
    """A parameter or a value that a newer package brings is named here."""
    wire = on_the_wire(client, path_of(report))
    assert wire.keys() == report.parameters
    own = set() if report.legacy else {"time"}
    values = {
        "group_by[]": report.groups,
        report.width: {"1d", "1h", "1m"},
        "order_by": {*report.metrics, *own},
        "order": {"asc", "desc"},
        **{name: known.allowed for name, known in report.filters.items()},
    }
    for name in wire.keys() & values.keys():
        assert literals(wire[name]) == values[name], name
