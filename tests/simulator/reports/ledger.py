"""The facts of each day: made from the seed, revised, edited, up to the last refresh."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tests.simulator.company import LAUNCHES, Company, Person, products_used
from tests.simulator.options import FLOOR
from tests.simulator.randomness import digest, tagged_id
from tests.simulator.store import Edits

from . import facts as prices
from .clock import midnight
from .facts import CHILDREN, MODELS, NO_TOKENS, Fact, Identity

# Days after which nothing is revised any more.
_FINAL_AGE = 30
_HOURS = (1, 4, 5, 7, 8, 8, 9, 9, 9, 10, 10, 10, 11, 11, 11, 13, 13, 14, 14, 14, 15, 16, 22)
_GEOS = ("global", "global", "us", None)
_TIERS = ("standard", "batch", "flex", "flex_discount", "priority", "priority_on_demand")
_CATEGORIES = ("engaged", "proactive", "scheduled", "monitoring", "dm")
_OF_NOBODY = {"proactive", "monitoring"}
_API_PRODUCTS = ("messages_api", "message_batches_api", "claude_console", None)
_SPELT = {**{product: product for product in LAUNCHES}, "science": "other"}
_SANDBOX = Decimal("0.0138889")
_RUNNING = Decimal("0.133333")
_NO_CONTENT: dict[str, Any] = {
    "requests": 0,
    "tokens": NO_TOKENS,
    "web_searches": 0,
    "charges": (),
    **dict.fromkeys(("context_window", "inference_geo", "speed", "service_tier")),
    **dict.fromkeys(("claude_tag_category", "claude_tag_user_id", "slack_channel_id")),
}


class Ledger:
    """Facts by day, the same for every endpoint; days do not know of each other."""

    def __init__(self, company: Company, edits: Edits) -> None:
        """Give everybody an identity; nothing else is computed before it is asked for."""
        self._options = company.options
        self._seed = company.seed
        self._teams = company.teams
        self._people = [(person, prices.of_person(person)) for person in company.people]
        # They were deleted long ago, but their agents still run.
        self._former = [
            prices.user(
                tagged_id("user", company.seed, "former", place),
                f"former.{place}@example.com",
                f"Former {place}",
                left=date.min,
            )
            for place in range(3 + company.options.users // 100)
        ]
        self._machines = prices.machines(company.seed)
        # The server cannot render them.
        self._unnameable = [Identity(key=f"unnameable {place}") for place in range(4)]
        self.edits = edits
        self._revised = lru_cache(maxsize=100)(self._compute)

    def refreshed_at(self, today: date) -> datetime:
        """Tell up to which moment there are data on a day."""
        return midnight(today) + timedelta(hours=self._options.refreshed_hours)

    def facts(self, day: date, today: date) -> list[Fact]:
        """List the facts of a day that are known today."""
        if not FLOOR <= day <= today:
            return []
        age = (today - day).days if self._options.revisions else _FINAL_AGE
        refreshed_at = self.refreshed_at(today)
        facts = self.edits.apply(day, list(self._revised(day, min(age, _FINAL_AGE))))
        return [fact for fact in facts if fact.at < refreshed_at]

    def between(self, start: datetime, end: datetime, today: date) -> Iterator[Fact]:
        """Give the facts from `start` up to and without `end`."""
        day = start.date()
        while day <= min(end.date(), today):
            yield from (fact for fact in self.facts(day, today) if start <= fact.at < end)
            day += timedelta(days=1)

    def _compute(self, day: date, age: int) -> tuple[Fact, ...]:
        facts = self._of_day(day)
        return tuple(facts if age >= _FINAL_AGE else self._provisional(facts, age))

    def _provisional(self, facts: Iterator[Fact], age: int) -> Iterator[Fact]:
        """Vary facts until they are final: some are missing yet, some will go."""
        for place, fact in enumerate(facts):
            key = (self._seed, "revision", fact.actor.key, fact.at, place)
            # Each fact changes every third day, not all on the same one.
            dice = digest(*key, (age + place % 3) // 3, size=3)
            if dice[0] < 8:
                continue
            yield fact.scaled(1 + Decimal(dice[1] % 7 - 3) / 100)
            if dice[2] < 8:
                hours = -(1 + fact.at.minute % 2) if fact.at.hour > 1 else 1
                yield _moved(fact, fact.at + timedelta(hours=hours))

    def _of_day(self, day: date) -> Iterator[Fact]:
        for person, identity in self._people:
            yield from self._of_person(person, identity, day)
        for identity in self._former:
            yield from self._fact(identity, day, 0, product="cowork")
        for place, identity in enumerate(self._machines):
            yield from self._of_machine(place, identity, day)
        for place, identity in enumerate(self._unnameable):
            # Some have dimensions that are equal to the minute.
            for fact in self._fact(identity, day, 0, product=None):
                yield _moved(fact, datetime.combine(day, time(3, 30), timezone.utc))
            if (place + day.toordinal()) % 2:
                yield from self._fact(identity, day, 1, product="claude_in_chrome")

    def _of_person(self, person: Person, identity: Identity, day: date) -> Iterator[Fact]:
        used = products_used(person, day, self._options)
        for place, product in enumerate(used[:3]):
            yield from self._fact(identity, day, place, product=_SPELT[product])
        ordinal = day.toordinal()
        if person.linked and (person.index + ordinal) % 11 == 0:
            # In Slack, what Claude did unasked is no single user's.
            place = person.index + ordinal // 11
            category = _CATEGORIES[place % len(_CATEGORIES)]
            slack_user = f"U{digest(self._seed, identity.key, size=5).hex().upper()}"
            yield from self._fact(
                identity,
                day,
                7,
                product="claude_tag",
                claude_tag_category=category,
                claude_tag_user_id=None if category in _OF_NOBODY else slack_user,
                slack_channel_id=f"C0CHANNEL{place % 4}" if place % 4 else None,
            )

    def _of_machine(self, place: int, identity: Identity, day: date) -> Iterator[Fact]:
        key = tagged_id("apikey", self._seed, place % 3)
        common: dict[str, Any] = {
            "organization_id": (None, *CHILDREN)[place % 3],
            "workspace_id": tagged_id("wrkspc", self._seed, place % 2),
            "api_key_id": identity.id if identity.type == "api_actor" else key,
            "user_profile_id": tagged_id("uprof", self._seed, 0) if place % 2 else None,
        }
        tier = _TIERS[(place + day.toordinal()) % len(_TIERS)]
        product = _API_PRODUCTS[place % 4]
        yield from self._fact(
            identity, day, 0, product=product, service_tier=tier, **common
        )
        if identity.type != "service_account_actor":
            return
        # The running time of a managed agent costs extra.
        session = {
            "service_tier": "standard",
            "agent_id": tagged_id("agent", self._seed, place),
            "environment_id": tagged_id("env", self._seed, place),
            "session_id": tagged_id("sesn", self._seed, place, day),
            "deployment_id": tagged_id("depl", self._seed, 0) if place else None,
        }
        for fact in self._fact(
            identity, day, 1, product="managed_agents_api", **common, **session
        ):
            yield fact
            # On the time of an agent's session there is no discount.
            price = (1 + fact.at.minute) * _RUNNING
            running = prices.charge(prices.SESSION, price, discounted=Decimal(1))
            yield _like(fact, charges=(running,), model=None)

    def _fact(
        self, identity: Identity, day: date, place: int, product: str | None, **more: Any
    ) -> Iterator[Fact]:
        """Make a fact, and sometimes another for the code that was run."""
        dice = digest(self._seed, "fact", identity.key, day.toordinal(), place, size=16)
        model = MODELS[dice[0] % 3]
        minute = time(_HOURS[dice[1] % len(_HOURS)], dice[2] % 60)
        tokens = (
            dice[3] * 97 + dice[4],
            dice[5] * dice[6] * 3,
            dice[7] * 41 if dice[7] < 160 else 0,
            dice[8] * 13 if dice[8] < 60 else 0,
            dice[9] * 19 + 1,
        )
        charges = prices.of_tokens(model, tokens)
        searches = dice[10] % 4 if product == "chat" else 0
        if searches:
            charges += (prices.charge(prices.WEB_SEARCH, Decimal(searches)),)
        fact = Fact(
            at=datetime.combine(day, minute, timezone.utc),
            actor=identity,
            requests=1 + dice[11] % 20,
            tokens=tokens,
            web_searches=searches,
            charges=charges,
            rbac_group_ids=self._teams.held(day).get(identity.id or "", ()),
            product=product,
            # Some usage was recorded without its model, though priced by it.
            model=None if product == "other" else model,
            context_window="200k-1M" if dice[12] < 40 else "0-200k",
            inference_geo=_GEOS[dice[13] % 4],
            speed="fast" if dice[14] < 50 else "standard",
            **more,
        )
        yield fact
        if product == "chat" and dice[15] < 40:
            code = prices.charge(prices.CODE, (1 + dice[15]) * _SANDBOX)
            requests = 1 + dice[15] % 5
            yield _like(fact, requests=requests, charges=(code,), product=None, model=None)


def _like(fact: Fact, **changes: Any) -> Fact:
    """Make a fact of the same moment and origin with another content."""
    return replace(fact, **{**_NO_CONTENT, **changes})


def _moved(fact: Fact, at: datetime) -> Fact:
    """Make a fact of another moment, without most of its dimensions."""
    kept = {"requests": fact.requests, "tokens": fact.tokens, "charges": fact.charges}
    return _like(fact, at=at, **kept)
