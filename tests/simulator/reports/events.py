"""The ground truth: the facts of a day, made from the seed alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tests.simulator.people import LAUNCHES, products_used
from tests.simulator.randomness import digest, tagged_id

from . import prices
from .children import CHILDREN
from .facts import NO_TOKENS, Fact
from .identities import Identity, former, machines, of_person, unnameable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tests.simulator.company import Company
    from tests.simulator.people import Person

_ORGANIZATIONS = (None, *CHILDREN)
_HOURS = (1, 4, 5, 7, 8, 8, 9, 9, 9, 10, 10, 10, 11, 11, 11, 13, 13, 14, 14, 14, 15, 16, 22)
_GEOS = ("global", "global", "us", None)
_TIERS = ("standard", "batch", "flex", "flex_discount", "priority", "priority_on_demand")
_CATEGORIES = ("engaged", "proactive", "scheduled", "monitoring", "dm")
_OF_NOBODY = {"proactive", "monitoring"}
_API_PRODUCTS = ("messages_api", "message_batches_api", "claude_console", None)
_SPELT = {**{product: product for product in LAUNCHES}, "science": "other"}
_NO_CONTENT: dict[str, Any] = {
    "requests": 0,
    "tokens": NO_TOKENS,
    "web_searches": 0,
    "charges": (),
    "context_window": None,
    "inference_geo": None,
    "speed": None,
    "service_tier": None,
    "claude_tag_category": None,
    "claude_tag_user_id": None,
    "slack_channel_id": None,
}
_AT_MOST = 3
"""Facts that a person's products make in one day."""


class Events:
    """Makes facts; days do not know of each other."""

    def __init__(self, company: Company) -> None:
        """Give everybody an identity, once."""
        self._seed = company.seed
        self._options = company.options
        self._teams = company.teams
        self._people = [(person, of_person(person)) for person in company.people]
        self._former = former(company.options)
        self._machines = machines(company.seed)
        self._unnameable = unnameable()

    def of_day(self, day: date) -> list[Fact]:
        """Make the facts of a day."""
        facts: list[Fact] = []
        for person, identity in self._people:
            facts += self._of_person(person, identity, day)
        for identity in self._former:
            facts += self._fact(identity, day, 0, product="cowork")
        for place, identity in enumerate(self._machines):
            facts += self._of_machine(place, identity, day)
        for place, identity in enumerate(self._unnameable):
            facts += self._of_unnameable(place, identity, day)
        return facts

    def passing(self, fact: Fact) -> Fact:
        """Make what a later revision takes back: a fact like another, at another hour."""
        hours = -(1 + fact.at.minute % 2) if fact.at.hour > 1 else 1
        return _like(
            fact,
            at=fact.at + timedelta(hours=hours),
            requests=fact.requests,
            tokens=fact.tokens,
            charges=fact.charges,
        )

    def _of_person(self, person: Person, identity: Identity, day: date) -> Iterator[Fact]:
        for place, product in enumerate(
            products_used(person, day, self._options)[:_AT_MOST]
        ):
            yield from self._fact(identity, day, place, product=_SPELT[product])
        ordinal = day.toordinal()
        if person.linked and (person.index + ordinal) % 11 == 0:
            yield from self._tagged(identity, day, person.index + ordinal // 11)

    def _tagged(self, identity: Identity, day: date, place: int) -> Iterator[Fact]:
        """Make what Claude did in Slack; what it did unasked is no single user's."""
        category = _CATEGORIES[place % len(_CATEGORIES)]
        slack_user = digest(self._seed, identity.key, size=5).hex().upper()
        yield from self._fact(
            identity,
            day,
            7,
            product="claude_tag",
            claude_tag_category=category,
            claude_tag_user_id=None if category in _OF_NOBODY else f"U{slack_user}",
            slack_channel_id=f"C0CHANNEL{place % 4}" if place % 4 else None,
        )

    def _of_machine(self, place: int, identity: Identity, day: date) -> Iterator[Fact]:
        key = tagged_id("apikey", self._seed, place % 3)
        common: dict[str, Any] = {
            "organization_id": _ORGANIZATIONS[place % 3],
            "workspace_id": tagged_id("wrkspc", self._seed, place % 2),
            "api_key_id": identity.id if identity.type == "api_actor" else key,
            "user_profile_id": tagged_id("uprof", self._seed, 0) if place % 2 else None,
        }
        yield from self._fact(
            identity,
            day,
            0,
            product=_API_PRODUCTS[place % 4],
            service_tier=_TIERS[(place + day.toordinal()) % len(_TIERS)],
            **common,
        )
        if identity.type == "service_account_actor":
            yield from self._session(identity, day, place, common)

    def _session(
        self, identity: Identity, day: date, place: int, common: dict[str, Any]
    ) -> Iterator[Fact]:
        """Make a session of a managed agent, whose running time costs extra."""
        started = {"deployment_id": tagged_id("depl", self._seed, 0)} if place else {}
        facts = self._fact(
            identity,
            day,
            1,
            product="managed_agents_api",
            service_tier="standard",
            agent_id=tagged_id("agent", self._seed, place),
            environment_id=tagged_id("env", self._seed, place),
            session_id=tagged_id("sesn", self._seed, place, day),
            **common,
            **started,
        )
        for fact in facts:
            yield fact
            charges = prices.of_session(1 + fact.at.minute)
            yield _like(fact, charges=charges, model=None)

    def _of_unnameable(self, place: int, identity: Identity, day: date) -> Iterator[Fact]:
        """Make facts whose dimensions are equal to the minute, and others."""
        for fact in self._fact(identity, day, 0, product=None):
            same = datetime.combine(day, time(3, 30), timezone.utc)
            yield _like(
                fact,
                at=same,
                requests=fact.requests,
                tokens=fact.tokens,
                charges=fact.charges,
                inference_geo=None,
            )
        if (place + day.toordinal()) % 2:
            yield from self._fact(identity, day, 1, product="claude_in_chrome")

    def _fact(
        self,
        identity: Identity,
        day: date,
        place: int,
        *,
        product: str | None,
        **dimensions: Any,
    ) -> Iterator[Fact]:
        """Make a fact, and sometimes another for the code that was run."""
        dice = digest(self._seed, "fact", identity.key, day.toordinal(), place, size=16)
        model = prices.MODELS[dice[0] % 3]
        at = datetime(
            day.year,
            day.month,
            day.day,
            _HOURS[dice[1] % len(_HOURS)],
            dice[2] % 60,
            tzinfo=timezone.utc,
        )
        tokens = (
            dice[3] * 97 + dice[4],
            dice[5] * dice[6] * 3,
            dice[7] * 41 if dice[7] < 160 else 0,
            dice[8] * 13 if dice[8] < 60 else 0,
            dice[9] * 19 + 1,
        )
        searches = dice[10] % 4 if product == "chat" else 0
        charges = prices.of_tokens(model, tokens) + prices.of_searches(searches)
        fact = Fact(
            at=at,
            identity=identity,
            requests=1 + dice[11] % 20,
            tokens=tokens,
            web_searches=searches,
            charges=tuple(charges),
            rbac_group_ids=self._teams.held(day).get(identity.id or "", ()),
            product=product,
            # Some usage was recorded without its model, though priced by it.
            model=None if product == "other" else model,
            context_window="200k-1M" if dice[12] < 40 else "0-200k",
            inference_geo=_GEOS[dice[13] % 4],
            speed="fast" if dice[14] < 50 else "standard",
            **dimensions,
        )
        yield fact
        if product == "chat" and dice[15] < 40:
            yield _like(
                fact,
                requests=1 + dice[15] % 5,
                charges=prices.of_code(1 + dice[15]),
                product=None,
                model=None,
            )


def _like(fact: Fact, **changes: Any) -> Fact:
    """Make a fact of the same moment and origin with another content."""
    return replace(fact, **{**_NO_CONTENT, **changes})
