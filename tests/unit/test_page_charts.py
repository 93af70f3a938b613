"""Figures and charts of the page: gaps are gaps, and what may change looks like it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from claude_page import adoption, code, drawing, figures, spend, spread, trust, used, words
from claude_page.cards import ALIASES, PRODUCTS, Chart, Key, Layer, Line, Stretch, Strip
from claude_page.marts import QUERIES, Marts
from claude_page.spans import Calendar, Span, ranges, runs
from claude_page.timeline import Measure, stacked
from tests.unit import page_marts
from tests.unit.page_marts import LAST, MONTH, known

FIRST = date(2026, 9, 28)
SPAN = Span(FIRST, LAST)
GAP = date(2026, 10, 14)


def read(rows: page_marts.Rows) -> tuple[Marts, Calendar]:
    """Return rows as if they had been read from a database, and what is known of days."""
    rows = known(FIRST) | rows
    named = {name: rows[mart] for name, (mart, _) in QUERIES.items() if mart in rows}
    marts = Marts("acme", named, frozenset(named))
    return marts, Calendar(marts)


def with_gap() -> Calendar:
    """Return a calendar in which a day was not read and the last may change."""
    states = {GAP: "not read", LAST: "may be revised"}
    return read(known(FIRST, states=states))[1]


# Figures


def test_change_against_a_week_earlier() -> None:
    """It is left out, in words, if the earlier day is not complete."""
    rows = page_marts.company(5, FIRST)
    earlier = rows["claude_seats_daily"][-8]
    earlier["active_7_count"] = 8
    assert figures.active_users(*read(rows)).note == "▼ 3 against a week earlier"
    earlier["is_complete"] = False
    assert figures.active_users(*read(rows)).note == "No figure of 25 Oct to compare with."


def test_the_last_complete_day_counts() -> None:
    """Not the last day, which is not over; a count that is null is no zero."""
    rows = page_marts.company(5, FIRST)
    *_, before, last = rows["claude_seats_daily"]
    last.update(is_complete=False, active_7_count=1)
    assert figures.active_users(*read(rows)).value == "5"
    before.update(active_7_count=None, seat_utilisation_7=None)
    assert figures.active_users(*read(rows)).value == words.NOTHING
    assert figures.share_of_seats(*read(rows)).value == words.NOTHING


@pytest.mark.parametrize("state", ["settled", "may be revised"])
def test_figures_of_days_that_may_change_say_so(state: str) -> None:
    """Also if it is one day of 28."""
    given = read(page_marts.company(5, FIRST) | known(FIRST, states={LAST: state}))
    for figure in (figures.active_users, figures.regulars, figures.acceptance):
        assert figure(*given).value != words.NOTHING
        assert figure(*given).is_young is (state == "may be revised")


def test_unread_day_leaves_no_figure_of_28_days() -> None:
    """And says how many days are missing."""
    rows = page_marts.company(5, FIRST)
    rows |= known(FIRST, states={LAST - timedelta(10): "not read"})
    for row in rows["claude_frequency_daily"]:
        row["user_count"] = None
    for figure in (figures.regulars(*read(rows)), figures.acceptance(*read(rows))):
        assert figure.value == words.NOTHING
        assert figure.note == "1 day of the 28 was not read, or not over yet."


def test_acceptance_is_of_sums() -> None:
    """1 of 1 and 0 of 99 are 1 per cent, not 50; nothing decided is no rate."""
    rows = page_marts.company(5, FIRST)
    tools = [row for row in rows["claude_code_tools_daily"] if row["tool"] == "all"]
    for row in tools:
        row.update(accepted_count=0, decided_count=0)
    assert figures.acceptance(*read(rows)).value == words.NOTHING
    tools[-1].update(accepted_count=1, decided_count=1)
    assert figures.acceptance(*read(rows)).note == "1 of 1 edits: too few to say much"
    tools[-2].update(accepted_count=0, decided_count=99)
    assert figures.acceptance(*read(rows)).value == "1.0%"


def month(**changes: object) -> tuple[Marts, Calendar]:
    """Return marts of a company of ten whose October cost 310 dollars."""
    rows = page_marts.october(10, "310")
    rows["claude_spend_org_monthly"][0] |= changes
    return read(rows)


def test_spend_to_date() -> None:
    """Against the same days; without them, or without a complete day, it says so."""
    against, _ = month(last_month_same_days_usd=Decimal(155), month_to_date_change=100.0)
    figure = figures.month_to_date(against)
    assert (figure.title, figure.value) == ("Spend, 1–31 October", "$310")
    assert figure.note == "▲ 100% against $155 on the same days of last month"
    assert not figure.is_young
    figure = figures.month_to_date(month(is_settled=False)[0])
    assert figure.is_young
    assert "not all complete" in figure.note
    figure = figures.month_to_date(month(complete_day_count=0, month_to_date_usd=None)[0])
    assert figure.value == words.NOTHING
    assert figure.note == "No day of October 2026 is complete yet."
    # Only dollars are shown as dollars.
    assert figures.month_to_date(month(currency="EUR")[0]).value == words.NOTHING


def test_spend_per_user_is_of_the_last_full_month() -> None:
    """A month that is not over, or not complete, has none."""
    marts, calendar = month()
    assert figures.spend_per_user(marts, calendar).value == "$31.00"
    incomplete = figures.spend_per_user(*month(cost_per_active_user=None))
    assert incomplete.value == words.NOTHING
    assert incomplete.note == "Cost or activity of October 2026 is not complete."
    before_its_end = read(known(FIRST, date(2026, 10, 30)))[1]
    note = figures.spend_per_user(marts, before_its_end).note
    assert note.endswith("September 2026 is not complete.")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        *(("0", "$0.00"), ("0.0004", "under $0.01"), ("12.345", "$12.34")),
        *(("99.994", "$99.99"), ("1234.5", "$1,234"), ("-2.5", "−$2.50")),
    ],
)
def test_money_in_words(amount: str, text: str) -> None:
    """Cents up to a hundred dollars; what is not nothing is not called nothing."""
    assert words.money(Decimal(amount)) == text


def test_ranges_and_runs() -> None:
    """Ranges are shorter than all there is; stretches break where days are missing."""
    whole = Span(date(2026, 9, 1), LAST)
    assert {name: len(span) for name, span in ranges(whole).items()} == {
        "28 days": 28,
        "all days": len(whole),
    }
    mondays = [week.first for week in Span(MONTH, date(2026, 10, 12)).weeks()]
    assert mondays == [date(2026, 10, 5), date(2026, 10, 12)]
    given = [MONTH, MONTH + timedelta(1), MONTH + timedelta(3)]
    spans = [(len(span), kind) for span, kind in runs(given, lambda day: day == MONTH)]
    assert spans == [(1, True), (1, False), (1, False)]


# Charts


def marks(chart: Chart) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield what Vega-Lite draws: the mark and its data, after Altair has checked it."""
    specified = drawing.specify(chart, validate=True)
    for layer in specified["layer"]:
        data = specified.get("datasets", {}).get(layer["data"].get("name"))
        yield layer["mark"], data or layer["data"].get("values", [])


def test_lines_break_at_gaps_and_are_dashed_where_they_may_change() -> None:
    """A day that was not read has no point, and no line leads over it."""
    values = {day: None if day == GAP else 5.0 for day in SPAN}
    lines, gaps = [Line("People", "#123456", values)], frozenset([GAP])
    chart = Chart(SPAN, "people", {}, lines=lines, gaps=gaps, young=frozenset([LAST]))
    drawn = [*marks(chart)]
    dashed = {bool(m["strokeDash"]): data for m, data in drawn if m["type"] == "line"}
    assert [point["low"] for point in dashed[False]] == [5.0] * (len(SPAN) - 2)
    assert {point["run"] for point in dashed[False]} == {0, 1}
    instants = [
        datetime.fromtimestamp(p["from"] / 1000, timezone.utc) for p in dashed[True]
    ]
    assert [instant.date() for instant in instants] == [LAST - timedelta(1), LAST]
    [gap] = [data for mark, data in drawn if mark.get("fill") == drawing.GAP]
    assert [timedelta(milliseconds=g["to"] - g["from"]).days for g in gap] == [1]


def test_a_single_day_is_a_dot() -> None:
    """Where a line would have no length."""
    lines = [Line("People", "#123456", {LAST: 5})]
    drawn = marks(Chart(Span(LAST, LAST), "people", {}, lines=lines))
    assert [len(data) for mark, data in drawn if mark["type"] == "circle"] == [1]


def test_stack_is_of_what_is_known() -> None:
    """By day up to 28 days, else by week; what is not complete is a gap and in no sum."""
    values = {day: Decimal("1.10") for day in SPAN if day != GAP}
    layers = [Layer("A", "#123456", values), Layer("B", "#654321", values)]
    measure, monday = Measure("US dollars", str), date(2026, 10, 5)
    short = stacked(with_gap(), "cost", Span(monday, LAST), measure, layers)
    assert short.gaps == {GAP}
    assert short.young == {LAST}
    assert short.hover[GAP] == "Wed 14 Oct 2026: not read"
    assert short.hover[monday] == "Mon 5 Oct 2026\nIn all: 2.20\nA: 1.10\nB: 1.10"
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
    row = {"date": FIRST, "model": None, "cost_usd": Decimal(3)}
    found = spend.sums([row, {**row, "date": GAP}], "cost_usd", [FIRST, LAST], "model")
    assert found == {"no model": {FIRST: 3, LAST: 0}}


def test_what_is_drawn() -> None:
    """Tooltips keep every digit; a strip has a stretch for each state, cut to its range."""
    svg = drawing.draw(Chart(Span(LAST, LAST), "$", {LAST: "1 Nov\nSpend: $1.2345 & <b>"}))
    assert "Spend: $1.2345 &amp; &lt;b&gt;" in svg
    assert "width=" not in svg.partition(">")[0]
    strip = Strip(Span(GAP, LAST), ["cost"], [Stretch("cost", SPAN, "settled")])
    assert "cost: settled, 28 Sep 2026 to 1 Nov 2026" in drawing.draw(strip)
    assert drawing.specify(strip, validate=True)


def test_products_have_colours_of_their_own() -> None:
    """No two share one, and other names of a product have the same."""
    assert len(set(PRODUCTS.values())) == len(PRODUCTS)
    assert set(ALIASES.values()) <= PRODUCTS.keys()


def test_new_and_returning_people_are_told_apart_only_where_they_can_be() -> None:
    """After a gap the two are one layer, and no layer says zero."""
    week = date(2026, 10, 19)
    rows = page_marts.company(9, FIRST)
    for row in rows["claude_active_users"]:
        if row["period_start"] == week:
            row.update(retained_user_count=5, lost_user_count=1)
            row.update(new_user_count=None, returning_user_count=None)
    marts, _ = read(rows)
    card = adoption.coming_and_going(marts, with_gap(), {"all days": SPAN})
    chart = (card.parts[0].charts or {})["all days"]
    assert isinstance(chart, Chart)
    values = {layer.name: layer.values.get(week) for layer in chart.stack}
    together = {"Came back": None, "New": None, "New or came back": 4}
    assert values == {"Stayed": 5, **together, "Lost": 1}


def team(name: str, people: int, sessions: int) -> dict[str, Any]:
    """Return a day of a team."""
    counts = {"user_count": people, "session_count": sessions, "commit_count": None}
    counts |= {"accepted_count": 15, "decided_count": 20}
    return {"date": LAST, "rbac_group_id": f"id_{name}", "team_name": name, **counts}


@pytest.mark.parametrize(
    ("small", "folded"),
    [
        ([team("B", 3, 70), team("C", 2, 7)], [["Small teams (2)", "5", "77", "–", "75%"]]),
        ([team("B", 3, 70)], [["Small teams (1)", "–", "–", "–", "–"]]),
        ([], []),
    ],
)
def test_small_teams_are_folded(
    small: list[dict[str, Any]], folded: list[list[str]]
) -> None:
    """Into one row, which has no figures if it would still be of few people."""
    day = {"stream": "team_summaries", "date": LAST, "row_count": 1, "state": "settled"}
    teams = [team("A", 5, 100), *small]
    given = read({"claude_days": [day], "claude_code_team_daily": teams})
    [card] = code.teams(*given, least=5)
    assert card.parts[0].table
    assert [*card.parts[0].table.rows] == [["A", "5", "100", "–", "75%"], *folded]


def test_how_spend_is_spread() -> None:
    """Everybody counts, in equal steps, the last of which is open."""
    amounts = [Decimal(n) / 10 for n in range(1, 100)] + [Decimal(5000)]
    bars = spread.histogram(amounts)
    assert sum(int(bar.value) for bar in bars) == 100
    assert [bar.name for bar in bars][:2] == ["$0 to $2", "$2 to $4"]
    assert spread.histogram([Decimal("0.004")] * 10)[0].value == "10"
    # A month that is not complete shows neither how many spent what, nor whose it was.
    october = {"month_start": MONTH, "currency": "USD", "spending_user_count": None}
    card = spread.card(*read({"claude_spend_org_monthly": [october]}))
    assert [part.words for part in card.parts] == ["October 2026 is not complete."]


def test_buckets_come_last_and_names_tell_things_apart() -> None:
    """Nothing is merged by name."""
    users = {"user_count_28": None, "most_users_of_a_day": 2}
    thing = {"kind": "plugin", "is_bucket": False, "use_count": 5, **users}
    rows = [
        {**thing, "thing_id": "name:x:1", "thing_name": "x"},
        {**thing, "thing_id": "name:x:2", "thing_name": "x", "use_count": None},
        {**thing, "thing_id": "rest", "thing_name": "rest", "is_bucket": True},
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
    rows = known(FIRST)["claude_freshness"]
    rows[0]["missing_day_count"] = rows[1]["missing_day_count"] = 2
    rows[2] |= dict.fromkeys(("last_read_day", "days_behind", "missing_day_count"))
    rows[3]["days_behind"] = 9
    marts, _ = read({"claude_freshness": rows})
    assert trust.warnings(marts, late_after=5) == [
        "2 days not read in between: adoption and org_summaries",
        "9 days behind, complete up to 1 Nov 2026: cost",
        "Never read: user_summaries",
    ]
