"""Money is exact, or refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.records.money import exact_amount, hundredth


@pytest.mark.parametrize(
    "value",
    ["0", "-12.50", "123456789012345678901234567890.123456789", 7, Decimal("0.10")],
    ids=repr,
)
def test_amounts(value: str | int | Decimal) -> None:
    """Every digit stays, trailing zeros included."""
    amount = exact_amount("amount", value)
    assert isinstance(amount, Decimal)
    assert str(amount) == str(value)
    assert exact_amount("amount", None) is None


@pytest.mark.parametrize(
    "value",
    ["", "12,50", "twelve", "NaN", "Infinity", "-inf", 1.5, [], {}, Decimal("Infinity")],
    ids=repr,
)
def test_what_is_no_amount(value: object) -> None:
    """The field is named, and its value is not shown."""
    with pytest.raises(RowError, match="a row whose list_amount is not a decimal number"):
        exact_amount("list_amount", value)


@pytest.mark.parametrize(
    ("cents", "dollars"),
    [
        ("150", "1.50"),
        ("-1", "-0.01"),
        ("0.005", "0.00005"),
        ("1E+3", "1E+1"),
        ("1234567890123456789012345678901", "12345678901234567890123456789.01"),
    ],
)
def test_dollars(cents: str, dollars: str) -> None:
    """The point moves; division would round to 28 digits."""
    assert str(hundredth(Decimal(cents))) == dollars
