"""Money: decimal strings of the API as exact numbers, never through a float."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING

from tap_claude_analytics.common.errors import RowError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How many digits the minor unit of a currency has (ISO 4217).
MINOR_DIGITS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("AUD", "BRL", "CAD", "CHF", "EUR", "GBP", "INR", "SGD", "USD"), 2),
        **dict.fromkeys(("JPY", "KRW"), 0),
    }
)


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
    """Return cents as dollars."""
    return _moved(cents, MINOR_DIGITS["USD"])


def in_currency(amount: Decimal | None, currency: object) -> Decimal | None:
    """Return an amount in units of its currency.

    Args:
        amount: The amount in minor units, such as cents; null stays null.
        currency: The code of the currency; null if its minor unit is not known.
    """
    if amount is None or not isinstance(currency, str) or currency not in MINOR_DIGITS:
        return None
    return _moved(amount, MINOR_DIGITS[currency])


def _moved(amount: Decimal, places: int) -> Decimal:
    """Return an amount with its decimal point moved to the left.

    Division would round to the 28 digits of the default context.
    """
    sign, digits, exponent = amount.as_tuple()
    return Decimal((sign, digits, int(exponent) - places))
