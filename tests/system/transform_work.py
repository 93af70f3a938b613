"""What the marts of use, Claude Code and spend must hold."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from tests import truth
from tests.system import transform_data as data
from tests.system.transform_figures import (
    THINGS,
    TOKENS,
    TOOLS,
    code_figures,
    code_months,
    days_of,
    edit_counts,
    month_of,
    share,
    spend_figures,
    spend_sums,
    total,
    used_families,
    with_rate,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.simulator import Simulator
    from tests.system.transform_figures import Key, Mart
    from tests.truth import Record

DAYS, COST_DAYS = data.DAYS, data.COST_DAYS


class Work:
    """These marts, each by its key without the organisation."""

    def __init__(self, simulator: Simulator) -> None:
        """Take the simulator, as it is after the last run."""
        self._simulator = simulator

    def records(self, stream: str, days: Iterable[date] = DAYS) -> list[Record]:
        """Return the records of a stream, with days as such."""
        return [
            {**record, "date": day}
            for day in days
            for record in truth.records(self._simulator, stream, day)
        ]

    @cached_property
    def users(self) -> list[Record]:
        """The records of users."""
        return self.records("user_summaries")

    @cached_property
    def code(self) -> list[Record]:
        """The figures of Claude Code of users by day."""
        return [code_figures(record, "user_id") for record in self.users]

    @cached_property
    def active(self) -> dict[str, dict[date, set[str]]]:
        """Who was active on a day, by product family."""
        found: dict[str, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
        for record in self.users:
            for family, used in used_families(record).items():
                if used:
                    found[family][record["date"]].add(record["user_id"])
        return found

    def people(self, family: str, first: date, length: int) -> set[str]:
        """Return who was active in a family in so many days."""
        days = [first + timedelta(days=n) for n in range(length)]
        return set().union(*(self.active[family][day] for day in days))

    def claude_things_daily(self) -> Mart:
        """Five streams in one."""
        mart: Mart = {}
        for kind, (stream, identify, use) in THINGS.items():
            for record in self.records(stream):
                row = mart[record["date"], kind, identify(record)] = {
                    "use_count": use(record),
                    "user_count": record["distinct_user_count"],
                }
                if kind == "skill":
                    for name, cents in (
                        ("skill_overage_usd", record["estimated_overage_spend"]),
                        ("skill_list_value_usd", record["attributed_list_price"]),
                    ):
                        row[name] = None if cents is None else Decimal(cents) / 100
                if kind == "connector":
                    read, write = record["read_call_count"], record["write_call_count"]
                    row["write_share"] = (
                        None if None in (read, write) else share(write, read + write)
                    )
                    row["managed_auth_share"] = share(
                        record["managed_auth_distinct_user_count"],
                        record["distinct_user_count"],
                    )
        return mart

    def claude_things_28(self) -> Mart:
        """The last 28 days."""
        days: dict[Key, list[dict[str, Any]]] = defaultdict(list)
        for (day, *thing), row in self.claude_things_daily().items():
            if day >= DAYS[-28]:
                days[tuple(thing)].append(row)
        by_user: dict[Key, set[str]] = defaultdict(set)
        for kind in ("skill", "connector"):
            for record in self.records(f"{kind}s_by_user", DAYS[-28:]):
                by_user[kind, record[f"{kind}_name"]].add(record["user_id"])
        return {
            thing: {
                "use_count": total(row["use_count"] for row in rows),
                "unknown_day_count": sum(row["use_count"] is None for row in rows),
                "used_day_count": len(rows),
                "unread_day_count": 0,
                "most_users_of_a_day": max(row["user_count"] for row in rows),
                "user_count_28": len(by_user[thing])
                if thing[0] in {"skill", "connector"}
                else None,
            }
            for thing, rows in days.items()
        }

    def claude_code_daily(self) -> Mart:
        """Edits count by tools that are wholly known."""
        return {(row["date"], row["key"]): with_rate(row) for row in self.code}

    def claude_code_tools_daily(self) -> Mart:
        """The organisation's edits by tool."""
        mart: Mart = {}
        for day in {row["date"] for row in self.code}:
            rows = [row for row in self.code if row["date"] == day]
            for tool in (*TOOLS, "all"):
                answers = [
                    row["tools"] if tool == "all" else [row["by_tool"][tool]]
                    for row in rows
                ]
                known = [pair for pairs in answers for pair in pairs if pair]
                mart[day, tool] = edit_counts(known)
        return mart

    def claude_code_monthly(self) -> Mart:
        """Months of users, with what they cost."""
        metered: dict[Key, Decimal] = defaultdict(Decimal)
        for (day, kind, actor, product, _), row in self.claude_spend_daily().items():
            if kind == "user_actor" and product == "claude_code":
                metered[month_of(day), actor] += row["cost_usd"] or 0
        mart = code_months(self.code)
        for (month, user), row in mart.items():
            if set(days_of(month)) <= set(COST_DAYS):
                row["metered_usd"] = metered[month, user]
        return mart

    def claude_code_team_monthly(self) -> Mart:
        """Months of teams."""
        return code_months(
            [
                code_figures(record, "rbac_group_id")
                for record in self.records("team_summaries")
            ]
        )

    def claude_spend_daily(self) -> Mart:
        """Cost and usage of every actor, product and model, also of nobody."""
        mart: Mart = {}
        after = COST_DAYS[-1] + timedelta(days=1)
        for report in ("cost", "usage"):
            rows = self._simulator.truth_report(
                report, COST_DAYS[0], after, group_by=("actor", "product", "model")
            )
            for row in rows:
                actor = row["group"]["actor"] or {"type": "unknown"}
                kinds = ("user_id", "service_account_id", "api_key_id", "subject")
                who = next((actor[kind] for kind in kinds if kind in actor), None)
                key = (
                    date.fromisoformat(row["starting_at"][:10]),
                    actor["type"],
                    who,
                    row["group"]["product"],
                    row["group"]["model"],
                )
                nothing = dict.fromkeys(
                    ("cost_usd", "list_cost_usd", *TOKENS, "request_count")
                )
                cell = mart.setdefault(key, nothing)
                for name, value in spend_figures(report, row[report]).items():
                    cell[name] = total((cell[name], value))
        return mart

    def claude_spend_monthly(self) -> Mart:
        """Months of the same."""
        mart: dict[Key, list[dict[str, Any]]] = defaultdict(list)
        for (day, *rest), row in self.claude_spend_daily().items():
            mart[(month_of(day), *rest)].append(row)
        return {key: spend_sums(rows) for key, rows in mart.items()}

    def claude_spend_org_monthly(self) -> Mart:
        """The bills, and what they were per person."""
        daily = self.claude_spend_daily()
        mart: Mart = {}
        for month in sorted({month_of(day) for day in COST_DAYS}):
            rows = {key: row for key, row in daily.items() if month_of(key[0]) == month}
            complete = set(days_of(month)) <= set(COST_DAYS[:-1])
            row = mart[(month,)] = spend_sums(rows.values())
            row["is_complete"] = complete
            spent: dict[str, Decimal] = defaultdict(Decimal)
            for (_, kind, actor, *_), cell in rows.items():
                if kind == "user_actor" and actor:
                    spent[actor] += cell["cost_usd"] or 0
            costs = sorted(cost for cost in spent.values() if cost > 0)
            if complete:
                deciles = quantiles(costs, n=10, method="inclusive")
                top = costs[len(costs) - math.ceil(len(costs) / 10) :]
                row |= {
                    "spending_user_count": len(costs),
                    "median_cost_per_spender": deciles[4],
                    "p90_cost_per_spender": deciles[8],
                    "top_decile_share": share(sum(top), sum(costs)),
                }
            people = self.people("all", month, len(days_of(month)))
            if complete and set(days_of(month)) <= set(DAYS):
                row["active_user_count"] = len(people)
                row["cost_per_active_user"] = row["cost_usd"] / len(people)
        return mart
