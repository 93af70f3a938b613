"""The README's picture: it is there, up to date, and shows what is true."""

from __future__ import annotations

import pytest

from tests import picture, truth
from tests.simulator import Simulator


@pytest.fixture(scope="module")
def series() -> picture.Series:
    """What the tap reads of the quarter."""
    return picture.read()


def test_stored_picture_is_the_one_that_is_drawn(series: picture.Series) -> None:
    """Byte by byte; `python -m tests.picture` writes it anew."""
    drawn = picture.draw(series)
    assert picture.PICTURE.read_text(encoding="utf-8") == drawn
    assert len(drawn) < 30_000


def test_series_are_the_truth(series: picture.Series) -> None:
    """All products there are, each with its own count of every Sunday."""
    simulator = Simulator(picture.ORGANISATION)
    expected: dict[str, list[int | None]] = {product: [None] * 13 for product in series}
    for place, day in enumerate(picture.SUNDAYS):
        assert day.isoweekday() == 7
        for record in truth.records(simulator, "adoption", day):
            expected[record["product"]][place] = record["weekly_active_user_count"]
    assert series == expected


def test_gaps_break_lines_and_labels_do_not_touch() -> None:
    """A count that is null is not drawn; names keep apart and in order."""
    assert picture.curve([(0, 5), None, (2, 5), (3, 6)]).count("M") == 2
    heights = picture.apart({"chat": 100.0, "cowork": 101.0, "science": 102.0, "all": 9.0})
    chat, cowork, science = (heights[name] for name in ("chat", "cowork", "science"))
    assert cowork - chat == pytest.approx(picture.LINE_HEIGHT)
    assert science - cowork == pytest.approx(picture.LINE_HEIGHT)
    assert heights["all"] == 9
