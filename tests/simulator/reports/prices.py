"""What things cost, in cents: exact, and with more fractional digits than money has."""

from __future__ import annotations

from decimal import Decimal

from .facts import CODE, SESSION, TOKEN_TYPES, TOKENS, WEB_SEARCH, Charge

_DISCOUNT = Decimal("0.8725")
_SANDBOX = Decimal("0.0138889")
_SESSION = Decimal("0.133333")
_WEIGHTS = [Decimal(text) for text in ("1", "0.1", "1.25", "2", "5")]
_PER_TOKEN = {
    model: [Decimal(price) * weight for weight in _WEIGHTS]
    for model, price in (
        ("claude-opus-5-5", "0.0005"),
        ("claude-sonnet-5", "0.0003"),
        ("claude-haiku-5", "0.0001"),
    )
}
"""List prices, in the order of `TOKEN_TYPES`."""

MODELS = tuple(_PER_TOKEN)


def of_tokens(model: str, tokens: tuple[int, ...]) -> list[Charge]:
    """Price tokens, each type for itself."""
    return [
        _discounted(TOKENS, kind, count * price)
        for kind, count, price in zip(TOKEN_TYPES, tokens, _PER_TOKEN[model], strict=True)
        if count
    ]


def of_searches(count: int) -> list[Charge]:
    """Price web searches, if there are any."""
    return [_discounted(WEB_SEARCH, None, Decimal(count))] if count else []


def of_code(seconds: int) -> tuple[Charge, ...]:
    """Price the running of code."""
    return (_discounted(CODE, None, seconds * _SANDBOX),)


def of_session(minutes: int) -> tuple[Charge, ...]:
    """Price the time of an agent's session, on which there is no discount."""
    price = minutes * _SESSION
    return (Charge(SESSION, None, price, price),)


def _discounted(cost_type: str, token_type: str | None, price: Decimal) -> Charge:
    return Charge(cost_type, token_type, price * _DISCOUNT, price)
