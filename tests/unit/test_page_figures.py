"""Figures at the top of the page, and what they say when a period is not complete."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from claude_page import figures, words
from claude_page.spans import Calendar, Span, ranges, runs
from tests.unit import page_marts
from tests.unit.page_marts import LAST, MONTH

if TYPE_CHECKING:
    from claude_page.marts import Marts

FIRST = date(2026, 9, 28)


def read(rows: dict[str, list[dict[str, Any]]]) -> tuple[Marts, Calendar]:
    """Return rows as if they had been read from a database, and what is known of days."""
    marts = page_marts.read(rows)
    return marts, Calendar(marts)


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
    last, before = rows["claude_seats_daily"][-1], rows["claude_seats_daily"][-2]
    last.update(is_complete=False, active_7_count=1)
    assert figures.active_users(*read(rows)).value == "5"
    before.update(active_7_count=None, seat_utilisation_7=None)
    assert figures.active_users(*read(rows)).value == words.NOTHING
    assert figures.share_of_seats(*read(rows)).value == words.NOTHING


@pytest.mark.parametrize(
    ("state", "is_young"), [("settled", False), ("may be revised", True)]
)
def test_figures_of_days_that_may_change_say_so(state: str, is_young: bool) -> None:  # noqa: FBT001  what is expected
    """Also if it is one day of 28."""
    rows = page_marts.company(5, FIRST) | page_marts.known(FIRST, states={LAST: state})
    marts, calendar = read(rows)
    for figure in (figures.active_users, figures.regulars, figures.acceptance):
        assert figure(marts, calendar).value != words.NOTHING
        assert figure(marts, calendar).is_young == is_young


def test_unread_day_leaves_no_figure_of_28_days() -> None:
    """And says how many days are missing."""
    gap = LAST - timedelta(10)
    rows = page_marts.company(5, FIRST) | page_marts.known(FIRST, states={gap: "not read"})
    for row in rows["claude_frequency_daily"]:
        row["user_count"] = None
    marts, calendar = read(rows)
    for figure in (figures.regulars(marts, calendar), figures.acceptance(marts, calendar)):
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


def month(**changes: object) -> dict[str, list[dict[str, Any]]]:
    """Return a company of ten whose October cost 310 dollars."""
    rows = page_marts.company(10, FIRST) | page_marts.october(10, "310")
    [october] = rows["claude_spend_org_monthly"]
    october |= {name: Decimal(310) for name in ("cost_usd", "month_to_date_usd")}
    october |= dict.fromkeys(("last_month_same_days_usd", "month_to_date_change"))
    rows["claude_spend_org_monthly"] = [october | changes]
    return rows


def test_spend_to_date() -> None:
    """Against the same days; without them, or without a complete day, it says so."""
    against = {"last_month_same_days_usd": Decimal(155), "month_to_date_change": 100.0}
    marts, _ = read(month(**against))
    figure = figures.month_to_date(marts)
    assert (figure.title, figure.value) == ("Spend, 1–31 October", "$310")
    assert figure.note == "▲ 100% against $155 on the same days of last month"
    assert not figure.is_young
    marts, _ = read(month(is_settled=False))
    assert figures.month_to_date(marts).is_young
    assert "not all complete" in figures.month_to_date(marts).note
    marts, _ = read(month(complete_day_count=0, month_to_date_usd=None))
    assert figures.month_to_date(marts).value == words.NOTHING
    assert figures.month_to_date(marts).note == "No day of October 2026 is complete yet."


def test_spend_per_user_is_of_the_last_full_month() -> None:
    """A month that is not over, or not complete, has none."""
    assert figures.spend_per_user(*read(month())).value == "$31.00"
    incomplete = figures.spend_per_user(*read(month(cost_per_active_user=None)))
    assert incomplete.value == words.NOTHING
    assert incomplete.note == "Cost or activity of October 2026 is not complete."
    over = {"claude_days": page_marts.known(FIRST, date(2026, 10, 30))["claude_days"]}
    assert figures.spend_per_user(*read(month() | over)).note.endswith(
        "September 2026 is not complete."
    )


def test_other_currencies_are_not_added() -> None:
    """Only dollars are shown as dollars."""
    marts, _ = read(month(currency="EUR"))
    assert figures.month_to_date(marts).value == words.NOTHING


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.0004", "under $0.01"),
        ("12.345", "$12.34"),
        ("99.994", "$99.99"),
        ("1234.5", "$1,234"),
        ("-2.5", "−$2.50"),
    ],
)
def test_money_in_words(amount: str, text: str) -> None:
    """Cents up to a hundred dollars; what is not nothing is not called nothing."""
    assert words.money(Decimal(amount)) == text


def test_ranges_and_runs() -> None:
    """Ranges are shorter than all there is; stretches break where days are missing."""
    whole = Span(date(2026, 9, 1), LAST)
    assert list(ranges(whole)) == ["28 days", "all days"]
    assert len(ranges(whole)["28 days"]) == 28
    assert [week.first for week in Span(MONTH, date(2026, 10, 12)).weeks()] == [
        date(2026, 10, 5),
        date(2026, 10, 12),
    ]
    given = [MONTH, MONTH + timedelta(1), MONTH + timedelta(3)]
    spans = [(len(span), kind) for span, kind in runs(given, lambda day: day == MONTH)]
    assert spans == [(1, True), (1, False), (1, False)]
