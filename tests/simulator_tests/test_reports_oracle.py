"""The official package judges the reports, whose sums, in every cut, are those of facts."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal, localcontext
from operator import attrgetter
from typing import TYPE_CHECKING

import pytest
from anthropic.types.beta.organization import beta_analytics_actor_type

from tests.simulator import REPORTS, Options, Report, Simulator
from tests.simulator.reports.facts import EXACT
from tests.simulator_tests import oracle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import anthropic

    from tests.simulator_tests.asking import Row

TODAY = date(2026, 10, 8)
OPTIONS = Options(today=TODAY, empty_page_every=2, echo_last_cursor=True)
START, END = TODAY - timedelta(days=12), TODAY + timedelta(days=1)
RANGE = {"starting_at": f"{START}T00:00:00Z", "ending_at": f"{END}T00:00:00Z"}
LATE = TODAY - timedelta(days=3)

ACTORS = {"user_actor", "service_account_actor", "api_actor", "federated_actor"}
TOKENS = ("cache_read_input_tokens", "output_tokens", "requests", "uncached_input_tokens")

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
        judged = list(oracle.judged_rows(client, path, **question))
        rows = [raw for _, raw in judged]
        truth = simulator.truth_report(report.name, START, END, group_by=group_by)
        # Rows of users cannot be had by time, and buckets are in that order anyway.
        assert "order" not in question or rows == truth
        assert sorted(rows, key=json.dumps) == sorted(truth, key=json.dumps)
        seen.update(way for typed, _ in judged for way in oracle.checked(typed))
    plain = attrgetter(path)(client).list(starting_at=RANGE["starting_at"], limit=9)
    seen.update(way for row in plain.data for way in oracle.checked(row))
    # Usage counts its requests, though the models allow it not to.
    places = {"usage": "usage.", "usage_report": "results.", "user_usage_report": ""}
    never = {f"{places[report.name]}requests"} if report.name in places else set()
    ways = set(oracle.expected(oracle.model_of(client, path)))
    assert seen == ways - {(name, "null") for name in never}


@each_report
def test_every_parameter_of_the_package_is_known(
    client: anthropic.Anthropic, report: Report
) -> None:
    """A parameter or a value that a newer package brings is named here."""
    wire = oracle.on_the_wire(client, path_of(report))
    assert wire.keys() == report.parameters
    own = set() if report.legacy else {"time"}
    values = {
        "group_by[]": report.groups,
        report.width: {"1d", "1h", "1m"},
        "order_by": {*report.metrics, *own},
        "order": {"asc", "desc"},
        **{name: set(allowed) for name, (_, *allowed) in report.filters.items()},
    }
    for name in wire.keys() & values.keys():
        assert oracle.literals(wire[name]) == values[name], name


def test_all_kinds_of_actors_occur(simulator: Simulator) -> None:
    """Users, gone or not, machines, all providers, and several that have no name."""
    rows = simulator.truth_report("usage", START, END, group_by=["actor"])
    actors = [row["group"]["actor"] for row in rows]
    named = [actor for actor in actors if actor]
    assert {actor["type"] for actor in named} == ACTORS
    assert oracle.literals(beta_analytics_actor_type.BetaAnalyticsActorType) == ACTORS
    providers = {actor["provider"]["type"] for actor in named if "provider" in actor}
    assert providers == {"aws", "azure", "gcp", "oidc"}
    users = [actor for actor in named if actor["type"] == "user_actor"]
    ways = {(user["deleted"], user["email_address"] is None) for user in users}
    assert ways == {(False, False), (True, False), (True, True)}
    assert None in actors


def flat(rows: Iterable[Row]) -> Iterator[Row]:
    """Bring the rows of all shapes into one."""
    for row in rows:
        if "results" in row:
            yield from row["results"]
        else:
            yield {**row.get("group", {}), **(row.get("usage") or row.get("cost") or row)}


def money(rows: Iterable[Row]) -> tuple[Decimal, Decimal]:
    """Sum the discounted and the list prices."""
    prices = [(Decimal(row["amount"]), Decimal(row["list_amount"])) for row in flat(rows)]
    with localcontext(EXACT):
        total, list_total = (
            sum(column, Decimal(0)) for column in zip(*prices, strict=True)
        )
    return total, list_total


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """Sum tokens, tools and requests."""
    total: Counter[str] = Counter()
    for row in flat(rows):
        total.update({name: row[name] for name in TOKENS})
        total.update(row["cache_creation"] | row["server_tool_use"])
    return dict(total)


@each_report
def test_sums_are_the_same_in_every_width_and_grouping(
    simulator: Simulator, report: Report
) -> None:
    """However it is cut, to the last fraction of a cent."""
    add_up = money if report.money else counts
    total = add_up(simulator.truth_report(report.name, LATE, END))
    assert total
    for width, group_by in (("1d", ["product"]), ("1h", ["model", "speed"]), ("1m", [])):
        rows = simulator.truth_report(
            report.name, LATE, END, bucket_width=width, group_by=group_by
        )
        assert add_up(rows) == total


def test_answers_are_sums_of_the_facts(simulator: Simulator) -> None:
    """Counted without the code that sums for the answers."""
    days = [LATE + timedelta(days=n) for n in range((END - LATE).days)]
    facts = [fact for day in days for fact in simulator.facts(day)]
    usage = counts(simulator.truth_report("usage", LATE, END))
    assert usage["output_tokens"] == sum(fact.tokens[-1] for fact in facts)
    assert usage["requests"] == sum(fact.requests for fact in facts)
    assert usage["web_search_requests"] == sum(fact.web_searches for fact in facts) > 0
    amount, list_amount = money(simulator.truth_report("cost", LATE, END))
    assert amount == sum(fact.amount for fact in facts)
    charges = [charge for fact in facts for charge in fact.charges]
    assert list_amount == sum(charge.list_amount for charge in charges)
    products = simulator.truth_report("cost", LATE, END, group_by=["product", "actor"])
    for product in {fact.product for fact in facts}:
        rows = [row for row in products if row["group"]["product"] == product]
        of_it = [fact for fact in facts if fact.product == product]
        assert money(rows)[0] == sum(fact.amount for fact in of_it)
        actors = {(fact.at.date(), fact.actor) for fact in of_it}
        assert len(rows) == len(actors)
