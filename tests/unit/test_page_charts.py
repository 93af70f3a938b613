"""Charts of the page: gaps are gaps, and what may change looks like it."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from claude_page import adoption, code, drawing, spend, spread, trust, used
from claude_page.cards import ALIASES, PRODUCTS, Chart, Key, Layer, Line, Stretch, Strip
from claude_page.spans import Calendar, Span
from claude_page.timeline import Measure, stacked
from tests.unit import page_marts
from tests.unit.page_marts import LAST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claude_page.marts import Marts

FIRST = date(2026, 9, 28)
SPAN = Span(FIRST, LAST)
RANGES = {"all days": SPAN}
GAP = date(2026, 10, 14)


def marts(**rows: list[dict[str, Any]]) -> Marts:
    """Return rows of marts, and that all of their days were read."""
    return page_marts.read({**page_marts.known(FIRST), **rows})


def with_gap() -> Calendar:
    """Return a calendar in which a day was not read and the last may change."""
    states = {GAP: "not read", LAST: "may be revised"}
    return Calendar(marts(**page_marts.known(FIRST, states=states)))


def marks(chart: Chart) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield what Vega-Lite draws: the mark and its data, after Altair has checked it."""
    specified = drawing.specify(chart, validate=True)
    for layer in specified["layer"]:
        data = specified.get("datasets", {}).get(layer["data"].get("name"))
        yield layer["mark"], data or layer["data"].get("values", [])


def test_lines_break_at_gaps_and_are_dashed_where_they_may_change() -> None:
    """A day that was not read has no point, and no line leads over it."""
    values = {day: None if day == GAP else 5.0 for day in SPAN}
    chart = Chart(
        SPAN,
        "people",
        {},
        lines=[Line("People", "#123456", values)],
        gaps=frozenset([GAP]),
        young=frozenset([LAST]),
    )
    lines = {
        bool(mark["strokeDash"]): data
        for mark, data in marks(chart)
        if mark["type"] == "line"
    }
    assert [point["low"] for point in lines[False]] == [5.0] * (len(SPAN) - 2)
    assert {point["run"] for point in lines[False]} == {0, 1}
    noon = 12 * 3600 * 1000
    days = [
        datetime.fromtimestamp(point["from"] / 1000, tz=timezone.utc).date()
        for point in lines[True]
    ]
    assert days == [LAST - timedelta(1), LAST]
    [gap] = [data for mark, data in marks(chart) if mark.get("fill") == drawing.GAP]
    assert [(g["to"] - g["from"]) // (2 * noon) for g in gap] == [1]


def test_a_single_day_is_a_dot() -> None:
    """Where a line would have no length."""
    chart = Chart(
        Span(LAST, LAST), "people", {}, lines=[Line("People", "#123456", {LAST: 5})]
    )
    assert [len(data) for mark, data in marks(chart) if mark["type"] == "circle"] == [1]


def test_stack_is_of_what_is_known() -> None:
    """By day up to 28 days, else by week; what is not complete is a gap and in no sum."""
    values = {day: Decimal("1.10") for day in SPAN if day != GAP}
    layers = [Layer("A", "#123456", values), Layer("B", "#654321", values)]
    measure = Measure("US dollars", str)
    short = stacked(with_gap(), "cost", Span(LAST - timedelta(27), LAST), measure, layers)
    assert short.gaps == {GAP}
    assert short.young == {LAST}
    assert short.hover[GAP] == "Wed 14 Oct 2026: not read"
    assert (
        short.hover[FIRST + timedelta(7)]
        == "Mon 5 Oct 2026\nIn all: 2.20\nA: 1.10\nB: 1.10"
    )
    assert short.keys[0] == Key("A", "#123456", str(27 * Decimal("1.10")))
    areas = [data for mark, data in marks(short) if mark["type"] == "area"]
    assert {point["run"] for point in areas[0]} == {0, 1}
    assert {(point["low"], point["high"]) for point in areas[1]} == {(1.1, 2.2)}
    assert {(point["low"], point["high"]) for point in areas[2]} == {(0.0, 2.2)}
    weekly = stacked(with_gap(), "cost", SPAN, measure, layers)
    week = date(2026, 10, 12)
    assert weekly.gaps == {week}
    assert weekly.young == {date(2026, 10, 26)}
    assert weekly.hover[week] == "Week of 12 Oct 2026: 1 day not read (yet)"
    assert weekly.stack[0].values[FIRST] == Decimal("7.70")
    assert weekly.stack[0].values[week] is None


def test_a_day_that_was_read_and_has_no_row_is_zero() -> None:
    """And one that was not read is nothing."""
    days = [FIRST, LAST]
    row = {"date": FIRST, "model": None, "cost_usd": Decimal(3)}
    found = spend.sums([row, {**row, "date": GAP}], "cost_usd", days, "model")
    assert found == {"no model": {FIRST: 3, LAST: 0}}


def test_tooltips_keep_every_digit() -> None:
    """Only coordinates are rounded."""
    chart = Chart(Span(LAST, LAST), "$", {LAST: "1 Nov\nSpend: $1.2345 & <b>"})
    svg = drawing.draw(chart)
    assert "Spend: $1.2345 &amp; &lt;b&gt;" in svg
    assert "width=" not in svg.partition(">")[0]


def test_strip_has_a_stretch_for_each_state() -> None:
    """Cut to the range that is shown."""
    strip = Strip(Span(GAP, LAST), ["cost"], [Stretch("cost", SPAN, "settled")])
    assert "cost: settled, 28 Sep 2026 to 1 Nov 2026" in drawing.draw(strip)
    assert drawing.specify(strip, validate=True)


def test_products_have_colours_of_their_own() -> None:
    """No two share one, and other names of a product have the same."""
    assert len(set(PRODUCTS.values())) == len(PRODUCTS)
    assert set(ALIASES.values()) <= PRODUCTS.keys()


def test_new_and_returning_people_are_told_apart_only_where_they_can_be() -> None:
    """After a gap the two are one layer, and no layer says zero."""
    told_apart = {
        "period_grain": "week",
        "period_start": FIRST,
        "product_family": "all",
        "family_active_user_count": 9,
        "new_user_count": 3,
        "retained_user_count": 5,
        "returning_user_count": 1,
        "lost_user_count": 1,
    }
    unknown = dict.fromkeys(("new_user_count", "returning_user_count"))
    after_gap = {**told_apart, **unknown, "period_start": date(2026, 10, 19)}
    card = adoption.coming_and_going(
        marts(claude_active_users=[told_apart, after_gap]), with_gap(), RANGES
    )
    assert card.parts[0].charts
    chart = card.parts[0].charts["all days"]
    assert isinstance(chart, Chart)
    values = {layer.name: layer.values.get(date(2026, 10, 19)) for layer in chart.stack}
    assert values == {
        "Stayed": 5,
        "Came back": None,
        "New": None,
        "New or came back": 4,
        "Lost": 1,
    }


def team(name: str, people: int, sessions: int) -> dict[str, Any]:
    """Return a day of a team."""
    return {
        "date": LAST,
        "rbac_group_id": f"rbac_group_{name}",
        "team_name": name,
        "user_count": people,
        "session_count": sessions,
        "commit_count": None,
        "accepted_count": 15,
        "decided_count": 20,
    }


@pytest.mark.parametrize(
    ("small", "folded"),
    [
        ([team("B", 3, 70), team("C", 2, 7)], ["Small teams (2)", "5", "77", "–", "75%"]),
        ([team("B", 3, 70)], ["Small teams (1)", "–", "–", "–", "–"]),
        ([], None),
    ],
)
def test_small_teams_are_folded(
    small: list[dict[str, Any]], folded: list[str] | None
) -> None:
    """Into one row, which has no figures if it would still be of few people."""
    days = [
        {**row, "stream": "team_summaries"}
        for row in page_marts.known(FIRST)["claude_days"]
        if row["stream"] == "cost"
    ]
    given = marts(claude_days=days, claude_code_team_daily=[team("A", 5, 100), *small])
    [card] = code.teams(given, Calendar(given), least=5)
    assert card.parts[0].table
    rows = card.parts[0].table.rows
    assert rows[0] == ["A", "5", "100", "–", "75%"]
    assert list(rows[1:]) == ([folded] if folded else [])


def test_histogram_counts_everybody() -> None:
    """In equal steps, the last of which is open."""
    amounts = [Decimal(n) / 10 for n in range(1, 100)] + [Decimal(5000)]
    bars = spread.histogram(amounts)
    assert sum(int(bar.value) for bar in bars) == 100
    assert [bar.name for bar in bars][:2] == ["$0 to $2", "$2 to $4"]
    assert spread.histogram([Decimal("0.004")] * 10)[0].value == "10"


def test_months_that_are_not_complete_show_no_spread() -> None:
    """Neither how many users spent what, nor whose spend it was."""
    month = {
        "month_start": date(2026, 10, 1),
        "currency": "USD",
        "spending_user_count": None,
    }
    given = marts(claude_spend_org_monthly=[month])
    card = spread.card(given, Calendar(given))
    assert [part.words for part in card.parts] == ["October 2026 is not complete."]


def test_buckets_come_last_and_names_tell_things_apart() -> None:
    """Nothing is merged by name."""
    thing = {
        "kind": "plugin",
        "is_bucket": False,
        "use_count": 5,
        "user_count_28": None,
        "most_users_of_a_day": 2,
    }
    rows = [
        {**thing, "thing_id": "name:x:1", "thing_name": "x"},
        {**thing, "thing_id": "name:x:2", "thing_name": "x", "use_count": None},
        {**thing, **dict.fromkeys(("thing_id", "thing_name"), "rest"), "is_bucket": True},
    ]
    bars = used.bars("plugin", rows)
    assert [(bar.name, bar.value, bar.is_faint) for bar in bars] == [
        ("x (1)", "5", False),
        ("x (2)", "–", False),
        ("rest", "5", True),
    ]
    assert bars[0].note == "peak 2"


def test_streams_that_are_late_are_named() -> None:
    """Once for each trouble, with all streams that have it."""
    rows = page_marts.known(FIRST)["claude_freshness"]
    rows[0]["missing_day_count"] = rows[1]["missing_day_count"] = 2
    rows[2] |= dict.fromkeys(("last_read_day", "days_behind", "missing_day_count"))
    rows[3]["days_behind"] = 9
    assert trust.warnings(marts(claude_freshness=rows), late_after=5) == [
        "2 days not read in between: adoption and org_summaries",
        "9 days behind, complete up to 1 Nov 2026: cost",
        "Never read: user_summaries",
    ]
