"""What members may spend: limits of four levels, requests for more, and what was spent."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache

from tests.simulator.company import Company, Person
from tests.simulator.data import Row
from tests.simulator.randomness import digest, tagged_id
from tests.simulator.reports.clock import midnight, noon, write
from tests.simulator.reports.facts import EXACT, of_person
from tests.simulator.reports.ledger import Ledger

from .catalog import PERIODS
from .people import belonging, months_until, morning, primary_owner

Spent = Mapping[tuple[str, str], Decimal]
_Limit = tuple[dict[str, str], str | None]
"""The level that it comes from, and the amount, null if there is none."""


_TIERS = ("enterprise_standard", "enterprise_premium")
# By the last digit of a person's number; None takes the limit away.
_OF_PEOPLE = {(1, "monthly"): "600", (6, "monthly"): None}
# By the place of a team.
_OF_TEAMS = {(0, "monthly"): "250", (2, "monthly"): "0", (4, "weekly"): "100"}
_OF_TIERS = {(_TIERS[1], "monthly"): "500", (_TIERS[1], "daily"): "40"}
_OF_ALL = {"monthly": "300"}
# Who answers a request; Anthropic's support, which is nobody's account, only raises.
_RESOLVERS = ("machine", "gone", "support", "owner", "owner")


@dataclass(frozen=True, kw_only=True)
class _Increase:
    """One request as it stands; what was approved is an amount in minor units."""

    id: str
    person: Person
    period: str
    created_at: datetime
    resolved_at: datetime | None = None
    status: str = "pending"
    resolver: str = "owner"
    amount: str | None = None


class Spending:
    """Limits and requests of a company, with the spend of its ledger."""

    def __init__(self, company: Company, ledger: Ledger) -> None:
        """Nothing is computed before it is asked for."""
        self._company = company
        self._ledger = ledger
        self._spent_by = lru_cache(maxsize=8)(self._compute_spent)

    def limits(self, day: date) -> list[Row]:
        """Build the rows of members and periods, member by member."""
        spent = self._spent_by(day, self._ledger.edits.version)
        return [
            row
            for person in belonging(self._company, day)
            for period in PERIODS
            if (row := self._row(person, period, day, spent)) is not None
        ]

    def requests(self, day: date) -> list[Row]:
        """Build the rows of members' requests, the newest first."""
        spent = self._spent_by(day, self._ledger.edits.version)
        found = [
            request
            for person in belonging(self._company, day)
            for request in _increases_until(self._company, person, day)
        ]
        found.sort(key=lambda request: (request.created_at, request.id), reverse=True)
        return [self._request(request, day, spent) for request in found]

    def _row(self, person: Person, period: str, day: date, spent: Spent) -> Row | None:
        # The nearest level counts.
        source, most = next(self._levels(person, period, day), (None, None))
        if source is None:
            return None
        # Now and then the spend of a member cannot be told.
        unknown = digest(self._company.seed, "spend", person.id, day, size=1)[0] < 12
        amount = Decimal(0) if unknown else spent.get((person.id, period), Decimal(0))
        ident = tagged_id("spl", self._company.seed, sorted(source.items()), period)
        return {
            "actor": self._actor(person, day),
            "amount": most,
            "currency": self._company.options.currency,
            "period": period,
            "period_to_date_spend": _thousandths(amount),
            "scope": {"type": "user", "user_id": person.id},
            "source": source,
            "spend_limit_id": ident,
        }

    def _levels(self, person: Person, period: str, day: date) -> Iterator[_Limit]:
        """Give the limits of a person, then of teams, the seat tier and all, if any."""
        of_person = {"type": "user", "user_id": person.id}
        for request in reversed(_increases_until(self._company, person, day)):
            if request.status == "approved" and request.period == period:
                yield of_person, request.amount
        if (person.index % 10, period) in _OF_PEOPLE:
            yield of_person, _OF_PEOPLE[person.index % 10, period]
        held = self._company.teams.held(day).get(person.id, ())
        for place, team in enumerate(self._company.teams.all):
            if team.id in held and (place, period) in _OF_TEAMS:
                source = {"type": "rbac_group", "rbac_group_id": team.id}
                yield source, _OF_TEAMS[place, period]
        tier = _TIERS[person.index % 3 == 0]
        if (tier, period) in _OF_TIERS:
            yield {"type": "seat_tier", "seat_tier": tier}, _OF_TIERS[tier, period]
        if period in _OF_ALL:
            yield {"type": "organization"}, _OF_ALL[period]

    def _request(self, request: _Increase, day: date, spent: Spent) -> Row:
        answered = request.resolved_at is not None
        return {
            "id": request.id,
            "actor": self._actor(request.person, day),
            "created_at": write(request.created_at),
            "period": request.period,
            "resolved_at": write(request.resolved_at) if request.resolved_at else None,
            "resolved_by": self._resolver(request, day) if answered else None,
            "spend_summary": None
            if answered
            else self._row(request.person, request.period, day, spent),
            "status": request.status,
            "type": "spend_limit_increase_request",
        }

    def _resolver(self, request: _Increase, day: date) -> Row | None:
        if request.resolver == "support":
            return None
        if request.resolver == "machine":
            key = tagged_id("apikey", self._company.seed, "administration")
            return {"type": "scoped_api_key_actor", "scoped_api_key_id": key}
        gone = [person for person in self._company.people if person.left <= day]
        if gone and request.resolver == "gone":
            return self._actor(gone[-1], day)
        return self._actor(primary_owner(self._company), day)

    def _actor(self, person: Person, day: date) -> Row:
        """Give the actor; nobody can tell who it was once the account is gone."""
        actor = of_person(person).actor(day) or {}
        if actor["deleted"] or person.index % 23 == 4:
            actor |= {"email_address": None, "name": None}
        return actor

    def _compute_spent(self, day: date, _version: int) -> Spent:
        """Sum the charges of users from the start of each period up to now."""
        starts = {
            "daily": day,
            "weekly": day - timedelta(days=day.weekday()),
            "monthly": day.replace(day=1),
        }
        spent: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        first = midnight(min(starts.values()))
        with localcontext(EXACT):
            for fact in self._ledger.between(first, noon(day), day):
                if fact.actor_type == "user_actor" and fact.actor_id is not None:
                    for period, start in starts.items():
                        if fact.at.date() >= start:
                            spent[fact.actor_id, period] += fact.amount
        return spent


def _thousandths(amount: Decimal) -> str:
    """Write minor units with up to three digits after the point."""
    with localcontext(EXACT):
        rounded = amount.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)
    return f"{rounded:f}".rstrip("0").rstrip(".")


@lru_cache(maxsize=4000)
def _increases_until(company: Company, person: Person, day: date) -> list[_Increase]:
    """Give the requests of a person up to a day, at most one a month and pending."""
    found = []
    for month in months_until(day):
        dice = digest(company.seed, "increase", person.index, month, size=7)
        created = month + timedelta(days=dice[0] % 15)
        if dice[1] >= 26 or created > day or not person.belongs(created):
            continue
        request = _Increase(
            id=tagged_id("slir", company.seed, person.index, created),
            person=person,
            period="monthly" if dice[2] % 5 else "weekly",
            created_at=morning(created, person.id, "asks"),
        )
        resolved = created + timedelta(days=1 + dice[3] % 12)
        if resolved <= day:
            approved = dice[4] % 3 > 0
            request = replace(
                request,
                resolved_at=morning(resolved, person.id, "answer"),
                status="approved" if approved else "denied",
                resolver=_RESOLVERS[dice[5] % 5] if approved else "owner",
                amount=str(300 + 5 * dice[6]) if approved else None,
            )
        found.append(request)
    return found
