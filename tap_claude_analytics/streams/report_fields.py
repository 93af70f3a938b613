"""The fields that the tap adds to rows of usage and cost."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pendulum

from tap_claude_analytics.errors import UnexpectedRowError
from tap_claude_analytics.money import exact_amount, hundredth
from tap_claude_analytics.streams.row_keys import IDS

if TYPE_CHECKING:
    from tap_claude_analytics.answers import Row

AMOUNTS = ("amount", "list_amount")


def adopt_email_address(actor: object) -> None:
    """Give an actor's ``email`` the name it has since version 2026-10-21."""
    if isinstance(actor, dict) and "email" in actor and "email_address" not in actor:
        actor["email_address"] = actor.pop("email")


def actor_fields(actor: object, actor_type: object) -> dict[str, Any]:
    """Return kind, id and e-mail address of an actor of whatever kind."""
    if not isinstance(actor, dict):
        return {"actor_type": actor_type, "actor_id": None, "actor_email_address": None}
    ids = (actor[name] for name in IDS if actor.get(name) is not None)
    return {
        "actor_type": actor.get("type") if actor_type is None else actor_type,
        "actor_id": next(ids, None),
        "actor_email_address": actor.get("email_address"),
    }


def money_fields(record: Row) -> dict[str, Any]:
    """Return the amounts as numbers: in cents, and in dollars if they are US cents."""
    fields: dict[str, Any] = {}
    for name in AMOUNTS:
        cents = exact_amount(name, record.get(name))
        is_usd = cents is not None and record["currency"] == "USD"
        fields[name] = cents
        fields[f"{name}_usd"] = hundredth(cents) if cents is not None and is_usd else None
    return fields


@lru_cache(maxsize=4096)
def instant(text: object) -> pendulum.DateTime:
    """Return the instant that the API names, in UTC.

    Raises:
        UnexpectedRowError: If it is not a timestamp.
    """
    try:
        parsed = pendulum.parse(text) if isinstance(text, str) else None
        if isinstance(parsed, pendulum.DateTime):
            return parsed.in_timezone("UTC")
    except (OverflowError, ValueError):
        pass
    msg = "answered a time that is not an RFC 3339 timestamp"
    raise UnexpectedRowError(msg)
