"""The simulator's reports: their sums, in every cut, are those of the facts."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator import REPORTS, Options, Report, Simulator
from tests.simulator.reports.facts import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Row = dict[str, Any]

TODAY = date(2026, 10, 8)
OPTIONS = Options(today=TODAY)
START, END = date(2026, 10, 5), date(2026, 10, 9)
TOKENS = (
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "requests",
)


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


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_sums_are_the_same_in_every_width_and_grouping(
    simulator: Simulator, report: Report
) -> None:
    """However it is cut, to the last fraction of a cent."""
    add_up = money if report.money else counts
    total = add_up(simulator.truth_report(report.name, START, END))
    assert total
    for width, group_by in (("1d", ["product"]), ("1h", ["model", "speed"]), ("1m", [])):
        rows = simulator.truth_report(
            report.name, START, END, bucket_width=width, group_by=group_by
        )
        assert add_up(rows) == total


def test_answers_are_sums_of_the_facts(simulator: Simulator) -> None:
    """Counted without the code that sums for the answers."""
    days = [START + timedelta(days=n) for n in range((END - START).days)]
    facts = [fact for day in days for fact in simulator.facts(day)]
    usage = counts(simulator.truth_report("usage", START, END))
    assert usage["output_tokens"] == sum(fact.tokens[-1] for fact in facts)
    assert usage["requests"] == sum(fact.requests for fact in facts)
    assert usage["web_search_requests"] == sum(fact.web_searches for fact in facts) > 0
    amount, list_amount = money(simulator.truth_report("cost", START, END))
    assert amount == sum(fact.amount for fact in facts)
    assert list_amount == sum(fact.list_amount for fact in facts)
    products = simulator.truth_report("cost", START, END, group_by=["product", "actor"])
    for product in {fact.product for fact in facts}:
        rows = [row for row in products if row["group"]["product"] == product]
        of_it = [fact for fact in facts if fact.product == product]
        assert money(rows)[0] == sum(fact.amount for fact in of_it)
        actors = {(fact.at.date(), fact.identity) for fact in of_it}
        assert len(rows) == len(actors)
