"""Money: decimal strings of the API as exact numbers, never through a float."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from tap_claude_analytics.common.errors import RowError


def exact_amount(field: str, value: object) -> Decimal | None:
    """Return an amount with all the digits that the API wrote; null stays null.

    Args:
        field: The field's name, for the error.
        value: A decimal string, as the API writes money.

    Raises:
        RowError: If the value is not a decimal number.
    """
    if value is None:
        return None
    try:
        amount = (
            Decimal(value) if isinstance(value, (str, int, Decimal)) else Decimal("NaN")
        )
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        msg = f"a row whose {field} is not a decimal number"
        raise RowError(msg)
    return amount


def hundredth(cents: Decimal) -> Decimal:
    """Return cents as dollars.

    Division would round to the 28 digits of the default context, so the decimal point is
    moved instead.
    """
    sign, digits, exponent = cents.as_tuple()
    return Decimal((sign, digits, int(exponent) - 2))
