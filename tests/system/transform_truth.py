"""What the marts must hold of the simulated organisation, worked out from its truth.

Nothing here looks at the package's SQL: the rules are those of its documentation.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from statistics import quantiles
from typing import TYPE_CHECKING

from tests import truth
from tests.system.transform_data import COST_DAYS, DAYS
from tests.system.transform_figures import (
    COST,
    FAMILIES,
    TOOLS,
    USAGE,
    code_edits,
    code_month,
    code_work,
    days_from,
    days_of,
    edit_counts,
    flat,
    frequency_class,
    month_of,
    share,
    spend_figures,
    spend_sums,
    total,
    used_families,
    whole,
    with_unified,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.simulator import Simulator
    from tests.system.transform_figures import Cell, Key, Mart, Row
    from tests.truth import Record

#: The counts of messages, of which Office has one an application.
OFFICE_MESSAGES = re.compile(r"office_metrics__\w+__message_count")
WEEKS = [day for day in DAYS if day.weekday() == 0]
#: Kind of thing to the stream that tells of it.
THINGS = {
    "skill": "skills",
    "connector": "connectors",
    "plugin": "plugins",
    "artifact": "artifacts",
    "project": "chat_projects",
}


class Truth:
    """The marts, each by its key without the organisation."""

    def __init__(self, simulator: Simulator) -> None:
        """Take the simulator, as it is after the last run."""
        self._simulator = simulator

    def records(self, stream: str, days: Iterable[date] = DAYS) -> list[Record]:
        """Return the records of a stream, with days as such."""
        return [
            {**flat(record), "date": day}
            for day in days
            for record in truth.records(self._simulator, stream, day)
        ]

    @cached_property
    def users(self) -> list[Record]:
        """The records of users."""
        return self.records("user_summaries")

    @cached_property
    def active(self) -> dict[str, dict[date, set[str]]]:
        """Who was active on a day, by product family."""
        found: dict[str, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
        for record in self.users:
            for family, used in used_families(record).items():
                if used:
                    found[family][record["date"]].add(record["user_id"])
        return found

    def people(self, family: str, days: Iterable[date]) -> set[str]:
        """Return who was active in a family on any of some days."""
        return set().union(*(self.active[family][day] for day in days))

    def claude_adoption_daily(self) -> Mart:
        """Every figure is the API's; the last one is an average of 28 days."""
        records = {(r["date"], r["product"]): r for r in self.records("adoption")}
        periods = ("daily", "weekly", "monthly")
        names = [
            *(f"{period}_active_user_count" for period in periods),
            *(f"{period}_adoption_rate" for period in periods),
            "assigned_seat_count",
        ]
        mart: Mart = {
            (day, product): {
                name: records.get((day, product), {}).get(name) for name in names
            }
            for day in DAYS
            for product in {product for _, product in records}
        }
        for (day, product), row in mart.items():
            counts = [mart[d, product]["daily_active_user_count"] for d in window(day)]
            month = row["monthly_active_user_count"]
            known = product == "all" and len(counts) == 28 and month
            row["stickiness_28"] = share(whole(counts), 28 * month) if known else None
        return mart

    def claude_adoption_weekly(self) -> Mart:
        """A week is what its Sunday says."""
        daily = self.claude_adoption_daily()
        mart: Mart = {}
        for monday in WEEKS:
            for product in {product for _, product in daily}:
                week = [daily.get((day, product), {}) for day in days_from(monday, 7)]
                sunday = week[-1]
                weekdays = whole(day.get("daily_active_user_count") for day in week[:5])
                mart[monday, product] = {
                    "weekly_active_user_count": sunday.get("weekly_active_user_count"),
                    "weekly_adoption_rate": sunday.get("weekly_adoption_rate"),
                    "assigned_seat_count": sunday.get("assigned_seat_count"),
                    "weekday_daily_active_avg": share(weekdays, 5),
                    "calendar_active_user_count": None,
                    "is_complete": bool(sunday),
                }
                if product == "all" and sunday:
                    people = self.people("all", days_from(monday, 7))
                    mart[monday, product]["calendar_active_user_count"] = len(people)
        return mart

    def claude_active_users(self) -> Mart:
        """People once a period; only whole periods are known."""
        months = sorted({month_of(day) for day in DAYS})
        return {
            **self._active_users("day", [[day] for day in DAYS]),
            **self._active_users("week", [days_from(monday, 7) for monday in WEEKS]),
            **self._active_users("month", [days_of(month) for month in months]),
        }

    def _active_users(self, grain: str, periods: list[list[date]]) -> Mart:
        mart: Mart = {}
        ever: set[str] = set()
        before: set[str] | None = None
        for days in periods:
            is_read = set(days) <= set(DAYS)
            people = {family: self.people(family, days) for family in ("all", *FAMILIES)}
            for family, active in people.items():
                mart[grain, days[0], family] = {
                    "family_active_user_count": len(active) if is_read else None,
                    "is_complete": is_read,
                }
            everybody = people.pop("all")
            kinds = {"new": everybody - ever} if days != periods[0] else {}
            if before is not None:
                kinds["retained"] = everybody & before
                kinds["returning"] = (everybody & ever) - before
                kinds["lost"] = before - everybody
            breadth = [
                sum(user in active for active in people.values()) for user in everybody
            ]
            row = mart[grain, days[0], "all"]
            for kind in ("new", "retained", "returning", "lost"):
                known = is_read and kind in kinds
                row[f"{kind}_user_count"] = len(kinds[kind]) if known else None
            row["products_used_avg"] = (
                share(sum(breadth), sum(map(bool, breadth))) if is_read else None
            )
            ever |= everybody
            before = everybody if is_read else None
        return mart

    def claude_seats_daily(self) -> Mart:
        """What the API says of each day, and shares of it."""
        mart: Mart = {}
        for record in self.records("org_summaries"):
            seats = record["assigned_seat_count"]
            week, month = (
                record[f"{period}_active_user_count"] for period in ("weekly", "monthly")
            )
            mart[(record["date"],)] = {
                "assigned_seat_count": seats,
                "pending_invite_count": record["pending_invite_count"],
                "active_7_count": week,
                "active_30_count": month,
                "seats_minus_active_30": None if None in (seats, month) else seats - month,
                "seat_utilisation_7": share(week, seats, 100),
                "seat_utilisation_30": share(month, seats, 100),
            }
        return mart

    def claude_engagement_28(self) -> Mart:
        """Days in 28, where there are 28 of them."""
        mart: Mart = {}
        for day in DAYS:
            days = window(day)
            for user in self.people("all", days):
                row = mart[day, user] = dict.fromkeys(
                    ("active_days_28", "families_28", "frequency")
                )
                if len(days) == 28:
                    count = sum(user in self.active["all"][d] for d in days)
                    row["active_days_28"] = count
                    row["families_28"] = sum(user in self.people(f, days) for f in FAMILIES)
                    row["frequency"] = frequency_class(count)
        return mart

    def claude_frequency_daily(self) -> Mart:
        """How many people are in each class; without members, nobody is absent."""
        engagement = self.claude_engagement_28()
        mart: Mart = {}
        for day in DAYS:
            found = [row["frequency"] for (on, _), row in engagement.items() if on == day]
            for name in ("most days", "weekly", "now and then", "once", "none"):
                known = name != "none" and len(window(day)) == 28
                count = found.count(name) if known else None
                mart[day, name] = {
                    "user_count": count,
                    "frequency_share": share(count, len(found)),
                }
        return mart

    def claude_retention_weekly(self) -> Mart:
        """Cohorts of the first four loaded weeks have no rate."""
        weeks = {monday: self.people("all", days_from(monday, 7)) for monday in WEEKS}
        mart: Mart = {}
        ever: set[str] = set()
        for place, first in enumerate(WEEKS):
            cohort = weeks[first] - ever
            ever |= cohort
            for number, monday in enumerate(WEEKS[place:] if cohort else ()):
                whole_week = monday + timedelta(days=6) <= DAYS[-1]
                count = len(cohort & weeks[monday]) if whole_week else None
                mart[first, number] = {
                    "cohort_size": len(cohort),
                    "active_user_count": count,
                    "week_n_retention": share(count, len(cohort)) if place >= 4 else None,
                }
        return mart

    def claude_users_daily(self) -> Mart:
        """Unified use is added, where there is any."""
        mart: Mart = {}
        for record in self.users:
            used = used_families(record)
            messages = [record[name] for name in record if OFFICE_MESSAGES.fullmatch(name)]
            mart[record["date"], record["user_id"]] = {
                "chat_message_count": with_unified(record, "chat", "message_count"),
                **{
                    name: with_unified(record, "cowork", count)
                    for name, count in (
                        ("cowork_message_count", "message_count"),
                        ("cowork_action_count", "action_count"),
                        ("dispatch_turn_count", "dispatch_turn_count"),
                    )
                },
                "claude_code_session_count": code_work(record)["session_count"],
                "office_message_count": whole(messages),
                "web_search_count": record["web_search_count"],
                "is_active": used["all"],
                "families_used_count": sum(used[family] for family in FAMILIES),
                **{f"is_active_{family}": used[family] for family in FAMILIES},
            }
        return mart

    def claude_things_daily(self) -> Mart:
        """Five streams in one."""
        return {
            (record["date"], kind, thing_id(kind, record)): thing(kind, record)
            for kind, stream in THINGS.items()
            for record in self.records(stream)
        }

    def claude_things_28(self) -> Mart:
        """The last 28 days."""
        days: dict[Key, list[Row]] = defaultdict(list)
        for (day, *key), row in self.claude_things_daily().items():
            if day in DAYS[-28:]:
                days[tuple(key)].append(row)
        people: dict[Key, set[str]] = defaultdict(set)
        for kind in ("skill", "connector"):
            for record in self.records(f"{kind}s_by_user", DAYS[-28:]):
                people[kind, record[f"{kind}_name"]].add(record["user_id"])
        return {
            (kind, name): {
                "use_count": total(row["use_count"] for row in rows),
                "unknown_day_count": sum(row["use_count"] is None for row in rows),
                "used_day_count": len(rows),
                "unread_day_count": 0,
                "most_users_of_a_day": max(row["user_count"] for row in rows),
                "user_count_28": len(people[kind, name])
                if kind in ("skill", "connector")
                else None,
            }
            for (kind, name), rows in days.items()
        }

    def claude_code_daily(self) -> Mart:
        """Edits count by tools that are wholly known."""
        return {
            (record["date"], record["user_id"]): {
                **code_work(record),
                **edit_counts(edits.values()),
                "unknown_tool_count": len(TOOLS) - len(edits),
            }
            for record in self.users
            for edits in [code_edits(record)]
        }

    def claude_code_tools_daily(self) -> Mart:
        """The organisation's edits by tool."""
        found: dict[Key, list[tuple[int, int]]] = {
            (record["date"], tool): [] for record in self.users for tool in (*TOOLS, "all")
        }
        for record in self.users:
            for tool, pair in code_edits(record).items():
                found[record["date"], tool].append(pair)
                found[record["date"], "all"].append(pair)
        return {key: edit_counts(pairs) for key, pairs in found.items()}

    def claude_code_monthly(self) -> Mart:
        """Months of users, with what they cost."""
        metered: dict[Key, Decimal] = defaultdict(Decimal)
        for (day, kind, actor, product, _), row in self.claude_spend_daily().items():
            if kind == "user_actor" and product == "claude_code":
                metered[month_of(day), actor] += row["cost_usd"] or 0
        mart = code_months(self.users, "user_id")
        for (month, user), row in mart.items():
            if set(days_of(month)) <= set(COST_DAYS):
                row["metered_usd"] = metered[month, user]
        return mart

    def claude_code_team_monthly(self) -> Mart:
        """Months of teams."""
        return code_months(self.records("team_summaries"), "rbac_group_id")

    def claude_spend_daily(self) -> Mart:
        """Cost and usage of every actor, product and model, also of nobody."""
        mart: Mart = {}
        after = COST_DAYS[-1] + timedelta(days=1)
        for report in ("cost", "usage"):
            rows = self._simulator.truth_report(
                report, COST_DAYS[0], after, group_by=("actor", "product", "model")
            )
            for row in rows:
                group, day = row["group"], date.fromisoformat(row["starting_at"][:10])
                actor = group["actor"] or {"type": "unknown"}
                kinds = ("user_id", "service_account_id", "api_key_id", "subject")
                who = next((actor[kind] for kind in kinds if kind in actor), None)
                key = (day, actor["type"], who, group["product"], group["model"])
                cell = mart.setdefault(key, dict.fromkeys((*COST, *USAGE)))
                for name, value in spend_figures(report, row[report]).items():
                    cell[name] = total((cell[name], value))
        return mart

    def claude_spend_monthly(self) -> Mart:
        """Months of the same."""
        months: dict[Key, list[Row]] = defaultdict(list)
        for (day, *rest), row in self.claude_spend_daily().items():
            months[(month_of(day), *rest)].append(row)
        return {key: spend_sums(rows) for key, rows in months.items()}

    def claude_spend_org_monthly(self) -> Mart:
        """The bills, and what they were per person."""
        daily = self.claude_spend_daily()
        mart: Mart = {}
        for month in sorted({month_of(day) for day in COST_DAYS}):
            days = days_of(month)
            rows = {key: row for key, row in daily.items() if key[0] in days}
            row = mart[(month,)] = spend_sums(rows.values())
            row["is_complete"] = set(days) <= set(COST_DAYS[:-1])
            if not row["is_complete"]:
                continue
            spent: dict[str, Decimal] = defaultdict(Decimal)
            for (_, kind, actor, *_), cell in rows.items():
                if kind == "user_actor" and actor:
                    spent[actor] += cell["cost_usd"] or 0
            costs = sorted(cost for cost in spent.values() if cost > 0)
            deciles = quantiles(costs, n=10, method="inclusive")
            top = costs[-math.ceil(len(costs) / 10) :]
            row["spending_user_count"] = len(costs)
            row["median_cost_per_spender"] = deciles[4]
            row["p90_cost_per_spender"] = deciles[8]
            row["top_decile_share"] = share(sum(top), sum(costs))
            if set(days) <= set(DAYS):
                people = len(self.people("all", days))
                row["active_user_count"] = people
                row["cost_per_active_user"] = row["cost_usd"] / people
        return mart


def window(day: date) -> list[date]:
    """Return the 28 days up to one, as far as they were read."""
    place = DAYS.index(day)
    return DAYS[max(0, place - 27) : place + 1]


def code_months(records: Iterable[Record], key: str) -> Mart:
    """Return months of Claude Code, of users or teams."""
    months: dict[Key, list[Record]] = defaultdict(list)
    for record in records:
        months[month_of(record["date"]), record[key]].append(record)
    return {month: code_month(days) for month, days in months.items()}


def thing_id(kind: str, record: Record) -> str:
    """Return what tells a thing apart from others of its kind."""
    if kind == "artifact":
        return f"{record['artifact_type']} ({'' if record['is_shared'] else 'not '}shared)"
    keys = {"plugin": "plugin_key", "project": "project_id"}
    return str(record[keys.get(kind, f"{kind}_name")])


def thing(kind: str, record: Record) -> Row:
    """Return how much a thing was used on a day, by how many, and what else is known."""
    row: Row = {"user_count": record["distinct_user_count"]}
    if kind == "connector":
        calls = [record[f"{name}_call_count"] for name in ("read", "write", "unclassified")]
        read, write, _ = calls
        row["use_count"] = whole(calls)
        row["write_share"] = share(write, whole((read, write)))
        managed = record["managed_auth_distinct_user_count"]
        row["managed_auth_share"] = share(managed, record["distinct_user_count"])
        return row
    uses = {"artifact": "artifacts_created_count", "project": "message_count"}
    row["use_count"] = record[uses.get(kind, "invocation_count")]
    if kind == "skill":
        row["skill_overage_usd"] = dollars(record["estimated_overage_spend"])
        row["skill_list_value_usd"] = dollars(record["attributed_list_price"])
    return row


def dollars(cents: Cell) -> Cell:
    """Return cents in dollars."""
    return None if cents is None else Decimal(cents) / 100
