"""The smallest piece of usage there is; every answer is a sum of such facts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from .identities import Identity

TOKENS, WEB_SEARCH, CODE, SESSION = (
    "tokens",
    "web_search",
    "code_execution",
    "session_usage",
)
COST_TYPES = (TOKENS, WEB_SEARCH, CODE, SESSION)
TOKEN_TYPES = (
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "cache_creation.ephemeral_5m_input_tokens",
    "cache_creation.ephemeral_1h_input_tokens",
    "output_tokens",
)

EXACT = Context(prec=100)
"""More digits than any sum has: the default context would round at 28."""

NO_TOKENS = (0, 0, 0, 0, 0)


class Charge(NamedTuple):
    """One component of a cost, in cents."""

    cost_type: str
    token_type: str | None
    amount: Decimal
    list_amount: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """What one identity used in one minute, and what it cost.

    `tokens` are in the order of `TOKEN_TYPES`. Only agent sessions have no requests:
    they cost money without being usage.
    """

    at: datetime
    identity: Identity
    requests: int = 0
    tokens: tuple[int, ...] = NO_TOKENS
    web_searches: int = 0
    charges: tuple[Charge, ...] = ()
    rbac_group_ids: tuple[str, ...] = ()
    product: str | None = None
    model: str | None = None
    context_window: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    service_tier: str | None = None
    claude_tag_category: str | None = None
    claude_tag_user_id: str | None = None
    slack_channel_id: str | None = None
    organization_id: str | None = None
    workspace_id: str | None = None
    api_key_id: str | None = None
    user_profile_id: str | None = None
    agent_id: str | None = None
    deployment_id: str | None = None
    environment_id: str | None = None
    session_id: str | None = None

    @property
    def actor_type(self) -> str | None:
        """The kind of identity."""
        return self.identity.type

    @property
    def actor_id(self) -> str | None:
        """The tagged id of the identity, if it has one."""
        return self.identity.id

    @property
    def used(self) -> bool:
        """Whether this is usage, and not just a cost."""
        return bool(self.requests or self.web_searches or any(self.tokens))

    @property
    def amount(self) -> Decimal:
        """The sum of all charges."""
        with localcontext(EXACT):
            return sum((charge.amount for charge in self.charges), Decimal(0))

    @property
    def list_amount(self) -> Decimal:
        """The sum of all charges at list prices."""
        with localcontext(EXACT):
            return sum((charge.list_amount for charge in self.charges), Decimal(0))

    def scaled(self, factor: Decimal) -> Fact:
        """Give the fact with tokens and money multiplied; tokens stay whole."""
        with localcontext(EXACT):
            return dataclasses.replace(
                self,
                tokens=tuple(int(count * factor) for count in self.tokens),
                charges=tuple(
                    charge._replace(
                        amount=charge.amount * factor,
                        list_amount=charge.list_amount * factor,
                    )
                    for charge in self.charges
                ),
            )
