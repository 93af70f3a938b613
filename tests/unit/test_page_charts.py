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

COMPANY = page_marts.company(10, FIRST) | page_marts.october(10, "310")
SEATS, MONTHS = "claude_seats_daily", "claude_spend_org_monthly"


def changed(mart: str, place: int, **values: object) -> page_marts.Rows:
    """Return the rows of a mart with one changed; -1 is the last day, -8 a week earlier."""
    rows = [{**row} for row in COMPANY[mart]]
    rows[place] |= values
    return {mart: rows}


def edits(*decided: tuple[int, int]) -> page_marts.Rows:
    """Return numbers of accepted and of decided edits."""
    names = ("accepted_count", "decided_count")
    rows = [dict(zip(names, counts, strict=True)) for counts in decided]
    return {"claude_code_tools_daily": [{"date": LAST, "tool": "all"} | r for r in rows]}


@pytest.mark.parametrize("is_young", [False, True])
def test_figures_say_whether_they_may_change(*, is_young: bool) -> None:
    """Also if it is one day of 28 that may."""
    days = known(FIRST, states={LAST: "may be revised" if is_young else "settled"})
    given = read(COMPANY | days | changed(MONTHS, 0, is_settled=not is_young))
    assert [(f.title, f.value, f.note, f.is_young) for f in figures.figures(*given)] == [
        ("Active users, 7 days", "10", "= 0 against a week earlier", is_young),
        ("Share of seats in use", "100%", "10 users, 10 seats", is_young),
        ("People who come weekly", "10", "100% of 10 users", is_young),
        ("Spend, 1–31 October", "$310", NOT_COMPARED, is_young),
        ("Spend per user, October", "$31.00", "$310 for 10 people", is_young),
        ("Claude Code acceptance", "75%", "840 of 1,120 edits", is_young),
    ]


NOT_COMPARED = "The same days of last month are not all complete."
UNREAD = known(FIRST, states={LAST - timedelta(10): "not read"})
ONE_UNREAD = "1 day of the 28 was not read, or not over yet."
UNKNOWN = {"date": LAST, "frequency": "once", "user_count": None}
NO_COUNT = {"active_7_count": None, "seat_utilisation_7": None}
DOUBLED = {"last_month_same_days_usd": Decimal(155), "month_to_date_change": 100.0}
NONE_YET = {"complete_day_count": 0, "month_to_date_usd": None}

#: Places of figures at the top of the page, rows, and what is shown of them.
ACTIVE, SHARE, REGULARS, SPEND, PER_USER, ACCEPTANCE = range(6)
FIGURES: list[tuple[int, page_marts.Rows, str, str]] = [
    (ACTIVE, changed(SEATS, -8, active_7_count=13), "10", "▼ 3 against a week earlier"),
    (ACTIVE, changed(SEATS, -8, is_complete=False), "10", "No figure of 25 Oct to"),
    # The last day does not count if it is not over; a count that is null is no zero.
    (ACTIVE, changed(SEATS, -1, is_complete=False, active_7_count=1), "10", "= 0 against"),
    (ACTIVE, changed(SEATS, -1, **NO_COUNT), "–", "The API states no count for that day."),
    (SHARE, changed(SEATS, -1, **NO_COUNT), "–", "No seats, or no count of them"),
    (REGULARS, UNREAD | {"claude_frequency_daily": [UNKNOWN]}, "–", ONE_UNREAD),
    (ACCEPTANCE, UNREAD, "–", ONE_UNREAD),
    # It is of sums: not the mean of 100 and 0 per cent.
    (ACCEPTANCE, edits((1, 1), (0, 99)), "1.0%", "1 of 100 edits"),
    (ACCEPTANCE, edits((1, 1)), "100%", "1 of 1 edits: too few to say much"),
    (ACCEPTANCE, edits((0, 0)), "–", "Nothing was decided in these days."),
    (SPEND, changed(MONTHS, 0, **DOUBLED), "$310", "▲ 100% against $155 on the same days"),
    (SPEND, changed(MONTHS, 0, **NONE_YET), "–", "No day of October 2026 is complete yet."),
    # Only dollars are shown as dollars.
    (SPEND, changed(MONTHS, 0, currency="EUR"), "–", "No cost has been read."),
    # Of a month that is not over, or not complete, there is none.
    (PER_USER, changed(MONTHS, 0, cost_per_active_user=None), "–", "of October 2026 is"),
    (PER_USER, known(FIRST, date(2026, 10, 30)), "–", "of September 2026 is not complete."),
]


@pytest.mark.parametrize(("place", "rows", "value", "note"), FIGURES)
def test_a_figure(place: int, rows: page_marts.Rows, value: str, note: str) -> None:
    """One that is not known is a dash with the reason."""
    figure = figures.figures(*read(COMPANY | rows))[place]
    assert figure.value == value
    assert note in figure.note


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
    lengths = {name: len(span) for name, span in ranges(SPAN).items()}
    assert lengths == {"28 days": 28, "all days": len(SPAN)}
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
    """A day that was not read has no point, no line leads over it, a day alone is a dot."""
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
    drawn = [*marks(Chart(Span(LAST, LAST), "people", {}, lines=lines))]
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
    counts = {"family_active": 9, "retained": 5, "lost": 1, "new": None, "returning": None}
    row = {f"{name}_user_count": count for name, count in counts.items()}
    of_all = {"period_start": week, "product_family": "all", **row}
    marts, _ = read({"claude_active_users": [of_all]})
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


def test_small_teams_are_folded() -> None:
    """Into one row, which has no figures if it would still be of few people."""
    day = {"stream": "team_summaries", "date": LAST, "row_count": 1, "state": "settled"}
    teams = [team("A", 5, 100), team("B", 3, 70), team("C", 2, 7)]
    shown = []
    for count in (1, 2, 3):
        rows = {"claude_days": [day], "claude_code_team_daily": teams[:count]}
        [card] = code.teams(*read(rows), least=5)
        assert card.parts[0].table
        shown.append([*card.parts[0].table.rows])
    large = ["A", "5", "100", "–", "75%"]
    few, folded = ["Small teams (1)", *"––––"], ["Small teams (2)", "5", "77", "–", "75%"]
    assert shown == [[large], [large, few], [large, folded]]


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
