"""The smallest piece of usage there is, whose it is and what it costs.

Every answer of the reports is a sum of such facts. Prices are in cents: exact, and with
more fractional digits than money has.
"""

import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from typing import Any, NamedTuple

from typing_extensions import Self

from tests.simulator.company import Person
from tests.simulator.randomness import digest, tagged_id

# The organisations below a parent one.
CHILDREN = (
    "7b0d3c52-9f3e-4a57-8a0e-2f1f6c1d0a01",
    "7b0d3c52-9f3e-4a57-8a0e-2f1f6c1d0a02",
)
COST_TYPES = ("tokens", "web_search", "code_execution", "session_usage")
TOKENS, WEB_SEARCH, CODE, SESSION = COST_TYPES
TOKEN_TYPES = (
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "cache_creation.ephemeral_5m_input_tokens",
    "cache_creation.ephemeral_1h_input_tokens",
    "output_tokens",
)
NO_TOKENS = (0, 0, 0, 0, 0)

# More digits than any sum has: the default context would round at 28.
EXACT = Context(prec=100)
_DISCOUNT = Decimal("0.8725")
_WEIGHTS = [Decimal(text) for text in ("1", "0.1", "1.25", "2", "5")]
# List prices of the cheapest type of tokens; the others cost so many times as much.
_PER_TOKEN = {
    "claude-opus-5-5": Decimal("0.0005"),
    "claude-sonnet-5": Decimal("0.0003"),
    "claude-haiku-5": Decimal("0.0001"),
}
MODELS = tuple(_PER_TOKEN)


def org_id(uuid: str) -> str:
    """Give the other name of a child."""
    return tagged_id("org", uuid)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Identity:
    """One identity; two of them stay two even if answers show both as null."""

    key: str
    type: str | None = None
    id: str | None = None
    known: dict[str, Any] | None = None
    left: date = date.max

    def actor(self, today: date) -> dict[str, Any] | None:
        """Give the actor object as it is on a day; the account may be gone by then."""
        if self.known is None or self.left > today:
            return self.known and dict(self.known)
        way = digest(self.key, size=1)[0] % 3
        gone = {"email_address": None, "name": None if way == 0 else "Deleted User"}
        return self.known | {"deleted": True} | (gone if way < 2 else {})


@lru_cache(maxsize=4000)
def of_person(person: Person) -> Identity:
    """Make the identity of an account; every seventh has set no name."""
    name = None if person.index % 7 == 2 else person.name
    return user(person.id, person.email, name, left=person.left)


def user(user_id: str, email: str, name: str | None, left: date) -> Identity:
    """Make the identity of an account that is gone from a day on."""
    known = {"user_id": user_id, "email_address": email, "name": name, "deleted": False}
    return replace(_named("user_actor", user_id, **known), key=user_id, left=left)


def machines(seed: int) -> list[Identity]:
    """Make service accounts, API keys and identities of all federated providers."""
    accounts = [tagged_id("svac", seed, place) for place in range(2)]
    keys = [tagged_id("apikey", seed, place) for place in range(2)]
    principal = "arn:aws:iam::123456789012:role/pipeline"
    aws = {"type": "aws", "account_id": "123456789012", "signed_principal": principal}
    providers: list[tuple[dict[str, Any], str | None]] = [
        (aws, principal),
        ({"type": "azure", "subscription_id": "5e0c6f3a-0000-4000-8000-1"}, None),
        ({"type": "gcp", "project_number": "420042004200"}, "user:ops@example.com"),
        ({"type": "oidc", "issuer": "https://login.example.com"}, "build"),
        ({"type": "oidc", "issuer": None}, None),
    ]
    return [
        *(_named("service_account_actor", one, service_account_id=one) for one in accounts),
        *(_named("api_actor", key, api_key_id=key) for key in keys),
        *(
            _named("federated_actor", None, provider=provider, subject=subject)
            for provider, subject in providers
        ),
    ]


def _named(kind: str, tagged: str | None, **fields: object) -> Identity:
    known = {"type": kind, **fields}
    return Identity(key=json.dumps(known), type=kind, id=tagged, known=known)


class Charge(NamedTuple):
    """One component of a cost, in cents."""

    cost_type: str
    token_type: str | None
    amount: Decimal
    list_amount: Decimal


def charge(
    cost_type: str,
    price: Decimal,
    token_type: str | None = None,
    discounted: Decimal = _DISCOUNT,
) -> Charge:
    """Make a charge of its list price."""
    return Charge(cost_type, token_type, price * discounted, price)


def of_tokens(model: str, tokens: tuple[int, ...]) -> tuple[Charge, ...]:
    """Price tokens, each type for itself."""
    return tuple(
        charge(TOKENS, count * (_PER_TOKEN[model] * weight), kind)
        for kind, count, weight in zip(TOKEN_TYPES, tokens, _WEIGHTS, strict=True)
        if count
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """What one identity used in one minute, and what it cost.

    `tokens` are in the order of `TOKEN_TYPES`. Only agent sessions have no requests:
    they cost money without being usage.
    """

    at: datetime
    actor: Identity
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
        return self.actor.type

    @property
    def actor_id(self) -> str | None:
        """The tagged id of the identity, if it has one."""
        return self.actor.id

    @property
    def amount(self) -> Decimal:
        """The sum of all charges."""
        with localcontext(EXACT):
            return sum((charge.amount for charge in self.charges), Decimal(0))

    def scaled(self, factor: Decimal) -> Self:
        """Give the fact with tokens and money multiplied; tokens stay whole."""
        with localcontext(EXACT):
            charges = tuple(
                Charge(cost_type, token_type, amount * factor, list_amount * factor)
                for cost_type, token_type, amount, list_amount in self.charges
            )
        tokens = tuple(int(count * factor) for count in self.tokens)
        return replace(self, tokens=tokens, charges=charges)
