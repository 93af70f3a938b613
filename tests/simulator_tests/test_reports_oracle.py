"""The official package judges the reports, whose sums, in every cut, are those of facts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal, localcontext
from operator import itemgetter

import anthropic
import pytest

from tests.simulator import REPORTS, Fact, Options, Report, Row, Simulator
from tests.simulator.reports.facts import EXACT
from tests.simulator_tests import oracle

TODAY = date(2026, 10, 8)
OPTIONS = Options(today=TODAY, empty_page_every=2, echo_last_cursor=True)
START, END = TODAY - timedelta(days=12), TODAY + timedelta(days=1)
RANGE = {"starting_at": f"{START}T00:00:00Z", "ending_at": f"{END}T00:00:00Z"}
ANALYTICS = "beta.organization.analytics"
LATE = TODAY - timedelta(days=3)

USAGE = (
    *("requests", "web_search_requests", "uncached_input_tokens"),
    *("cache_read_input_tokens", "ephemeral_5m_input_tokens"),
    *("ephemeral_1h_input_tokens", "output_tokens"),
)
COST = ("amount", "list_amount", "requests")

pytestmark = pytest.mark.slow
each_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


@each_report
def test_rows_are_those_of_the_official_models(
    simulator: Simulator, client: anthropic.Anthropic, report: Report
) -> None:
    """Every raw row validates strictly, none is missing, every field has been null."""
    path = f"{ANALYTICS}.{report.name}"
    seen: set[tuple[str, str]] = set()
    # Every dimension is brought once, as few at a time as the rules allow.
    allowed = sorted(report.groups - {"rbac_group_id"})
    sets = [allowed[place : place + 5] for place in range(0, len(allowed), 5)]
    for group_by in ([], *sets, ["rbac_group_id"]):
        question: Row = {**RANGE, "group_by": group_by, report.width: "1d"}
        question["limit"] = 31 if report.has_buckets else 1000
        if not report.legacy:
            question |= {"order_by": "time", "order": "asc"}
        judged = list(oracle.judged_rows(client, path, **question))
        rows = [raw for _, raw in judged]
        assert rows == simulator.truth_report(report.name, START, END, group_by=group_by)
        assert report.of_users or rows == sorted(rows, key=itemgetter("starting_at"))
        seen.update(way for typed, _ in judged for way in oracle.checked(typed))
    ways = set(oracle.expected(oracle.model_of(client, path)))
    # Rows without a bucket are not asked for.
    ways -= {("starting_at", "null"), ("ending_at", "null")}
    if not report.money:
        # Usage counts its requests, though the models allow it not to.
        under = {"usage": "usage.", "usage_report": "results."}.get(report.name, "")
        ways.remove((f"{under}requests", "null"))
    assert seen == ways


@each_report
def test_every_parameter_of_the_package_is_known(
    client: anthropic.Anthropic, report: Report
) -> None:
    """A parameter or a value that a newer package brings is named here."""
    wire = oracle.on_the_wire(client, f"{ANALYTICS}.{report.name}")
    assert wire.keys() == report.parameters >= report.simulated
    values = {
        "group_by[]": report.groups,
        report.width: {"1d", "1h", "1m"},
        **{name: set(allowed) for name, (_, *allowed) in report.filters.items()},
    }
    assert {name: oracle.literals(wire[name]) for name in values} == values
    assert report.legacy or "time" in oracle.literals(wire["order_by"])


def sums(table: Iterable[Iterable[Decimal | int | str]]) -> list[Decimal]:
    """Sum each column of a table, to the last fraction of a cent."""
    with localcontext(EXACT):
        columns = zip(*table, strict=True)
        return [sum(map(Decimal, column), Decimal(0)) for column in columns]


def measures(rows: Iterable[Row]) -> Iterator[list[int | str]]:
    """Give the figures of each row, of whatever shape an answer is."""
    for row in rows:
        for part in row.get("results", [row]):
            told = part.get("usage") or part.get("cost") or part
            told |= told.get("server_tool_use", {}) | told.get("cache_creation", {})
            yield [told[name] for name in (COST if "amount" in told else USAGE)]


@each_report
def test_answers_are_sums_of_the_facts(simulator: Simulator, report: Report) -> None:
    """However they are cut, counted without the code that sums for the answers."""
    table: list[tuple[Decimal | int, ...]] = []
    for fact in facts_of(simulator):
        # Agent sessions have no requests; the older reports do not know them.
        known = fact.requests or report.name == "cost"
        if known and (fact.actor_type == "user_actor" or not report.of_users):
            list_amount = sum(charge.list_amount for charge in fact.charges)
            costs = (fact.amount, list_amount, fact.requests)
            usage = (fact.requests, fact.web_searches, *fact.tokens)
            table.append(costs if report.money else usage)
    assert all(sums(table))
    for width, *group_by in (("1d", "product"), ("1h", "model", "speed"), ("1m",)):
        rows = simulator.truth_report(
            report.name, LATE, TODAY, bucket_width=width, group_by=group_by
        )
        assert sums(measures(rows)) == sums(table)


def test_identities(simulator: Simulator) -> None:
    """They count one by one, also without a name; the address of some gone is told."""
    amounts: defaultdict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for fact in facts_of(simulator):
        amounts[fact.product, fact.at.date(), fact.actor] += fact.amount
    expected = Counter((product, amount) for (product, *_), amount in amounts.items())
    rows = simulator.truth_report("cost", LATE, TODAY, group_by=["product", "actor"])
    told = [(row["group"]["product"], Decimal(row["cost"]["amount"])) for row in rows]
    assert Counter(told) == expected
    actors = [row["group"]["actor"] or {} for row in rows]
    users = [actor for actor in actors if actor.get("type") == "user_actor"]
    ways = {(user["deleted"], user["email_address"] is None) for user in users}
    assert ways == {(False, False), (True, False), (True, True)}


def facts_of(simulator: Simulator) -> list[Fact]:
    """List the facts of the last days before today, which has some too."""
    days = [LATE + timedelta(days=n) for n in range((TODAY - LATE).days)]
    return [fact for day in days for fact in simulator.facts(day)]
