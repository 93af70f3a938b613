"""Whom usage is attributed to: people, machines, and identities nobody can name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.simulator.randomness import digest, tagged_id

if TYPE_CHECKING:
    from tests.simulator.options import Options
    from tests.simulator.people import Person

_ACCOUNT_GONE, _NAME_HIDDEN = 0, 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Identity:
    """One identity; two of them stay two even if answers show both as null."""

    key: str
    type: str | None = None
    id: str | None = None
    shown: str = "null"
    left: date = date.max

    def actor(self, today: date) -> dict[str, Any] | None:
        """Give the actor object as it is on a day; the account may be gone by then."""
        actor: dict[str, Any] | None = json.loads(self.shown)
        if actor is None or self.left > today:
            return actor
        way = digest(self.key, size=1)[0] % 3
        actor["deleted"] = True
        if way in {_ACCOUNT_GONE, _NAME_HIDDEN}:
            actor["email_address"] = None
            actor["name"] = None if way == _ACCOUNT_GONE else "Deleted User"
        return actor

    def deleted(self, today: date) -> bool:
        """Tell whether this is a user who is deleted."""
        return self.left <= today


@lru_cache(maxsize=4000)
def of_person(person: Person) -> Identity:
    """Make the identity of an account; every seventh has set no name."""
    name = None if person.index % 7 == 2 else person.name
    return _user(person.id, person.email, name, left=person.left)


def former(options: Options) -> list[Identity]:
    """Make users who were deleted long ago and whose agents still run."""
    return [
        _user(
            tagged_id("user", options.seed, "former", place),
            f"former.{place}@example.com",
            f"Former {place}",
            left=date.min,
        )
        for place in range(3 + options.users // 100)
    ]


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
        *(
            _named("service_account_actor", account, service_account_id=account)
            for account in accounts
        ),
        *(_named("api_actor", key, api_key_id=key) for key in keys),
        *(
            _named("federated_actor", None, provider=provider, subject=subject)
            for provider, subject in providers
        ),
    ]


def unnameable() -> list[Identity]:
    """Make identities that the server cannot render."""
    return [Identity(key=f"unnameable {place}") for place in range(4)]


def _named(kind: str, tagged: str | None, **fields: object) -> Identity:
    shown = json.dumps({"type": kind, **fields})
    return Identity(key=shown, type=kind, id=tagged, shown=shown)


def _user(user_id: str, email: str, name: str | None, *, left: date) -> Identity:
    actor = {
        "type": "user_actor",
        "user_id": user_id,
        "email_address": email,
        "name": name,
        "deleted": False,
    }
    return Identity(
        key=user_id,
        type="user_actor",
        id=user_id,
        shown=json.dumps(actor),
        left=left,
    )
