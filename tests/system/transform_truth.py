"""What the marts must hold of the simulated organisation, worked out from its truth.

Nothing here looks at the package's SQL: the rules are those of its documentation, in Python.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from tests import truth
from tests.system import transform_data as data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.simulator import Simulator
    from tests.truth import Record

Key = tuple[Any, ...]
Mart = dict[Key, dict[str, Any]]

DAYS, COST_DAYS = data.DAYS, data.COST_DAYS
WEEKS = [day for day in DAYS if day.weekday() == 0]
FAMILIES = ("chat_cowork", "claude_code", "office", "design", "science")
TOOLS = ("edit", "write", "multi_edit", "notebook_edit")
WORK = ("session", "lines_added", "lines_removed", "commit", "pull_request")
TOKENS = {
    "uncached_input_tokens": "uncached_input_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "output_tokens": "output_tokens",
    "total_tokens": "total_tokens",
}


def total(values: Iterable[Any]) -> Any:  # noqa: ANN401  a count, money or None
    """Return the sum of what is known, None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def whole(values: Iterable[Any]) -> Any:  # noqa: ANN401  a count, money or None
    """Return the sum, None if a part is not known."""
    parts = list(values)
    return None if None in parts else sum(parts)


def share(part: Any, of: Any, factor: int = 1) -> Decimal | None:  # noqa: ANN401  numbers
    """Return a quotient, None where there is none."""
    return (
        Decimal(factor) * Decimal(part) / Decimal(of) if of and part is not None else None
    )


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def week_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def days_of(month: date) -> list[date]:
    """Return all days of a month."""
    _, count = calendar.monthrange(month.year, month.month)
    return [month + timedelta(days=n) for n in range(count)]


def figure(record: Record, *path: str) -> Any:  # noqa: ANN401  a count or None
    """Return what lies at the end of a path, None where it breaks off."""
    value: Any = record
    for name in path:
        value = None if value is None else value.get(name)
    return value


class Truth:
    """The marts, each by its key without the organisation."""

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
        return [_code(record, "user_id") for record in self.users]

    @cached_property
    def active(self) -> dict[str, dict[date, set[str]]]:
        """Who was active on a day, by product family."""
        found: dict[str, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
        for record in self.users:
            for family, used in _used(record).items():
                if used:
                    found[family][record["date"]].add(record["user_id"])
        return found

    def claude_adoption_daily(self) -> Mart:
        """Every figure is the API's; the last one is an average of 28 days."""
        by_key = {(r["date"], r["product"]): r for r in self.records("adoption")}
        mart: Mart = {}
        for product in {product for _, product in by_key}:
            counts = []
            for day in DAYS:
                record = by_key.get((day, product), {})
                counts.append(record.get("daily_active_user_count"))
                row = mart[day, product] = {
                    name: record.get(name)
                    for period in ("daily", "weekly", "monthly")
                    for name in (f"{period}_active_user_count", f"{period}_adoption_rate")
                }
                row["assigned_seat_count"] = record.get("assigned_seat_count")
                month = row["monthly_active_user_count"]
                known = product == "all" and len(counts) >= 28 and None not in counts[-28:]
                row["stickiness_28"] = (
                    share(sum(counts[-28:]), 28 * month) if known and month else None
                )
        return mart

    def claude_adoption_weekly(self) -> Mart:
        """A week is what its Sunday says."""
        daily = self.claude_adoption_daily()
        return {
            (monday, product): {
                "weekly_active_user_count": sunday.get("weekly_active_user_count"),
                "weekly_adoption_rate": sunday.get("weekly_adoption_rate"),
                "assigned_seat_count": sunday.get("assigned_seat_count"),
                "weekday_daily_active_avg": share(whole(weekdays), 5),
                "calendar_active_user_count": len(self._people("all", monday, 7))
                if product == "all" and sunday
                else None,
                "is_complete": bool(sunday),
            }
            for monday in WEEKS
            for product in {product for _, product in daily}
            for sunday in [daily.get((monday + timedelta(days=6), product), {})]
            for weekdays in [
                [
                    daily.get((monday + timedelta(days=n), product), {}).get(
                        "daily_active_user_count"
                    )
                    for n in range(5)
                ]
            ]
        }

    def _people(self, family: str, first: date, length: int) -> set[str]:
        days = [first + timedelta(days=n) for n in range(length)]
        return set().union(*(self.active[family][day] for day in days))

    def claude_active_users(self) -> Mart:
        """People once a period; only whole periods are known."""
        mart: Mart = {}
        for grain, periods in {
            "day": [(day, [day]) for day in DAYS],
            "week": [(m, [m + timedelta(days=n) for n in range(7)]) for m in WEEKS],
            "month": [(m, days_of(m)) for m in sorted({month_of(day) for day in DAYS})],
        }.items():
            earlier: list[set[str] | None] = []
            ever: set[str] = set()
            for start, days in periods:
                read = set(days) <= set(DAYS)
                now = {
                    f: set().union(*(self.active[f][d] for d in days))
                    for f in ("all", *FAMILIES)
                }
                mart |= {
                    (grain, start, family): {
                        "family_active_user_count": len(people) if read else None,
                        "is_complete": read,
                    }
                    for family, people in now.items()
                }
                everybody = now["all"]
                before = earlier[-1] if earlier else None
                compared = read and before is not None
                breadth = [sum(u in now[f] for f in FAMILIES) for u in everybody]
                mart[grain, start, "all"] |= {
                    "new_user_count": len(everybody - ever) if read and earlier else None,
                    "retained_user_count": len(everybody & before) if compared else None,
                    "returning_user_count": len((everybody & ever) - before)
                    if compared
                    else None,
                    "lost_user_count": len(before - everybody) if compared else None,
                    "products_used_avg": share(sum(breadth), sum(map(bool, breadth)))
                    if read
                    else None,
                }
                ever |= everybody
                earlier.append(everybody if read else None)
        return mart

    def claude_seats_daily(self) -> Mart:
        """What the API says of each day, and shares of it."""
        return {
            (r["date"],): {
                "assigned_seat_count": seats,
                "pending_invite_count": r["pending_invite_count"],
                "active_7_count": week,
                "active_30_count": month,
                "seats_minus_active_30": None if None in (seats, month) else seats - month,
                "seat_utilisation_7": share(week, seats, 100),
                "seat_utilisation_30": share(month, seats, 100),
            }
            for r in self.records("org_summaries")
            for seats in [r["assigned_seat_count"]]
            for week, month in [
                (r["weekly_active_user_count"], r["monthly_active_user_count"])
            ]
        }

    def claude_engagement_28(self) -> Mart:
        """Days in 28, where there are 28 of them."""
        mart: Mart = {}
        for place, day in enumerate(DAYS):
            window = DAYS[max(0, place - 27) : place + 1]
            for user in set().union(*(self.active["all"][d] for d in window)):
                count = sum(user in self.active["all"][d] for d in window)
                families = sum(
                    any(user in self.active[f][d] for d in window) for f in FAMILIES
                )
                known = len(window) == 28
                mart[day, user] = {
                    "active_days_28": count if known else None,
                    "families_28": families if known else None,
                    "frequency": _frequency(count) if known else None,
                }
        return mart

    def claude_frequency_daily(self) -> Mart:
        """How many people are in each class; without members, nobody is absent."""
        classes = ("most days", "weekly", "now and then", "once")
        mart: Mart = {(d, c): {} for d in DAYS for c in (*classes, "none")}
        engagement = self.claude_engagement_28()
        for day, name in mart:
            users = [row for (on, _), row in engagement.items() if on == day]
            known = name != "none" and day >= DAYS[27]
            count = sum(row["frequency"] == name for row in users)
            mart[day, name] = {
                "user_count": count if known else None,
                "frequency_share": share(count, len(users)) if known else None,
            }
        return mart

    def claude_retention_weekly(self) -> Mart:
        """Cohorts of the first four loaded weeks have no rate."""
        weeks = {monday: self._people("all", monday, 7) for monday in WEEKS}
        mart: Mart = {}
        ever: set[str] = set()
        for cohort_week, people in weeks.items():
            cohort = people - ever
            ever |= people
            for monday in WEEKS if cohort else ():
                if monday < cohort_week:
                    continue
                whole_week = monday + timedelta(days=6) <= DAYS[-1]
                number = (monday - cohort_week).days // 7
                count = len(cohort & weeks[monday]) if whole_week else None
                rated = WEEKS.index(cohort_week) >= 4 and whole_week
                mart[cohort_week, number] = {
                    "cohort_size": len(cohort),
                    "active_user_count": count,
                    "week_n_retention": share(count, len(cohort)) if rated else None,
                }
        return mart

    def claude_users_daily(self) -> Mart:
        """Unified use is added, where there is any."""
        return {
            (r["date"], r["user_id"]): {
                "chat_message_count": _unified(r, "chat", "message_count"),
                "cowork_message_count": _unified(r, "cowork", "message_count"),
                "cowork_action_count": _unified(r, "cowork", "action_count"),
                "dispatch_turn_count": _unified(r, "cowork", "dispatch_turn_count"),
                "claude_code_session_count": figure(
                    r, "claude_code_metrics", "core_metrics", "distinct_session_count"
                ),
                "office_message_count": whole(
                    app["message_count"] for app in r["office_metrics"].values()
                ),
                "web_search_count": r["web_search_count"],
                "is_active": used["all"],
                "families_used_count": sum(used[family] for family in FAMILIES),
                **{f"is_active_{family}": used[family] for family in FAMILIES},
            }
            for r in self.users
            for used in [_used(r)]
        }

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
        return {(row["date"], row["key"]): _rated(row) for row in self.code}

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
                mart[day, tool] = _edits(known)
        return mart

    def claude_code_monthly(self) -> Mart:
        """Months of users, with what they cost."""
        metered: dict[Key, Decimal] = defaultdict(Decimal)
        for (day, kind, actor, product, _), row in self.claude_spend_daily().items():
            if kind == "user_actor" and product == "claude_code":
                metered[month_of(day), actor] += row["cost_usd"] or 0
        mart = _months(self.code)
        for (month, user), row in mart.items():
            if set(days_of(month)) <= set(COST_DAYS):
                row["metered_usd"] = metered[month, user]
        return mart

    def claude_code_team_monthly(self) -> Mart:
        """Months of teams."""
        return _months(
            [_code(record, "rbac_group_id") for record in self.records("team_summaries")]
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
                for name, value in _money_or_tokens(report, row[report]).items():
                    cell[name] = total((cell[name], value))
        return mart

    def claude_spend_monthly(self) -> Mart:
        """Months of the same."""
        mart: dict[Key, list[dict[str, Any]]] = defaultdict(list)
        for (day, *rest), row in self.claude_spend_daily().items():
            mart[(month_of(day), *rest)].append(row)
        return {key: _spend(rows) for key, rows in mart.items()}

    def claude_spend_org_monthly(self) -> Mart:
        """The bills, and what they were per person."""
        daily = self.claude_spend_daily()
        mart: Mart = {}
        for month in sorted({month_of(day) for day in COST_DAYS}):
            rows = {key: row for key, row in daily.items() if month_of(key[0]) == month}
            complete = set(days_of(month)) <= set(COST_DAYS[:-1])
            row = mart[(month,)] = _spend(rows.values())
            row["is_complete"] = complete
            spent: dict[str, Decimal] = defaultdict(Decimal)
            for (_, kind, actor, *_), cell in rows.items():
                if kind == "user_actor" and actor:
                    spent[actor] += cell["cost_usd"] or 0
            costs = sorted(cost for cost in spent.values() if cost > 0)
            if complete:
                deciles = quantiles(costs, n=10, method="inclusive")
                top = costs[-(-(-len(costs) // 10)) :]
                row |= {
                    "spending_user_count": len(costs),
                    "median_cost_per_spender": deciles[4],
                    "p90_cost_per_spender": deciles[8],
                    "top_decile_share": share(sum(top), sum(costs)),
                }
            people = self._people("all", month, len(days_of(month)))
            if complete and set(days_of(month)) <= set(DAYS):
                row["active_user_count"] = len(people)
                row["cost_per_active_user"] = row["cost_usd"] / len(people)
        return mart


def _used(record: Record) -> dict[str, bool]:
    """Say which families a user's day has activity in."""
    unified = record.get("chat_cowork_unified_metrics") or {}
    code = record["claude_code_metrics"] or {"core_metrics": {}, "tool_actions": {}}
    work, tools = code["core_metrics"], code["tool_actions"]

    def some(*values: int | None) -> bool:
        return any(value or 0 for value in values)

    used = {
        "chat_cowork": some(
            *(
                (block or {}).get(name)
                for block in (
                    record["chat_metrics"],
                    record["cowork_metrics"],
                    unified.get("chat"),
                    unified.get("sessions"),
                )
                for name in (
                    "message_count",
                    "action_count",
                    "dispatch_turn_count",
                    "distinct_session_count",
                    "distinct_conversation_count",
                )
            )
        ),
        "claude_code": some(
            *(
                work.get(name)
                for name in (
                    "distinct_session_count",
                    "commit_count",
                    "pull_request_count",
                )
            ),
            *(count for tool in tools.values() for count in tool.values()),
        ),
        "office": some(
            *(
                app[name]
                for app in record["office_metrics"].values()
                for name in ("message_count", "distinct_session_count")
            )
        ),
        "design": some(record["design_metrics"]["message_count"]),
        "science": some(record["science_metrics"]["message_count"]),
    }
    tag = figure(record, "claude_tag_metrics", "active_message_count")
    return {**used, "all": any(used.values()) or some(tag, record["web_search_count"])}


def _unified(record: Record, product: str, name: str) -> int | None:
    """Add unified use to a product's own."""
    plain = record[f"{product}_metrics"][name]
    part = {"chat": "chat", "cowork": "sessions"}[product]
    block = figure(record, "chat_cowork_unified_metrics", part)
    return plain if block is None else whole((plain, block[name]))  # type: ignore[no-any-return]


def _frequency(days: int) -> str:
    names = {12: "most days", 4: "weekly", 2: "now and then", 1: "once"}
    return next(name for least, name in names.items() if days >= least)


def _code(record: Record, key: str) -> dict[str, Any]:
    block = record["claude_code_metrics"] or {}
    core, tools = block.get("core_metrics", {}), block.get("tool_actions", {})
    by_tool: dict[str, tuple[int, int] | None] = {}
    for tool in TOOLS:
        pair = tools.get(f"{tool}_tool", {})
        counts = (pair.get("accepted_count"), pair.get("rejected_count"))
        by_tool[tool] = None if None in counts else counts
    lines = core.get("lines_of_code", {})
    return {
        "key": record[key],
        "date": record["date"],
        "by_tool": by_tool,
        "tools": [pair for pair in by_tool.values() if pair],
        "session_count": core.get("distinct_session_count"),
        "lines_added_count": lines.get("added_count"),
        "lines_removed_count": lines.get("removed_count"),
        "commit_count": core.get("commit_count"),
        "pull_request_count": core.get("pull_request_count"),
    }


def _edits(pairs: Sequence[tuple[int, int]]) -> dict[str, Any]:
    accepted, rejected = total(p[0] for p in pairs), total(p[1] for p in pairs)
    decided = whole((accepted, rejected))
    return {
        "accepted_count": accepted,
        "rejected_count": rejected,
        "decided_count": decided,
        "acceptance_rate": share(accepted, decided, 100),
    }


def _rated(row: dict[str, Any]) -> dict[str, Any]:
    work = {f"{name}_count": row[f"{name}_count"] for name in WORK}
    return {**work, **_edits(row["tools"]), "unknown_tool_count": 4 - len(row["tools"])}


def _months(rows: Iterable[dict[str, Any]]) -> Mart:
    months: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        months[month_of(row["date"]), row["key"]].append(row)
    return {
        key: {
            **{f"{w}_count": total(d[f"{w}_count"] for d in days) for w in WORK},
            **_edits([pair for day in days for pair in day["tools"]]),
            "unknown_day_count": sum(
                len(d["tools"]) < 4 or None in [d[f"{w}_count"] for w in WORK] for d in days
            ),
        }
        for key, days in months.items()
    }


def _money_or_tokens(report: str, figures: Record) -> dict[str, Any]:
    if report == "cost":
        return {
            "cost_usd": Decimal(figures["amount"]).scaleb(-2),
            "list_cost_usd": Decimal(figures["list_amount"]).scaleb(-2),
        }
    return {
        **{name: figures[source] for name, source in TOKENS.items()},
        "request_count": figures["requests"],
    }


def _spend(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    given = list(rows)
    row = {name: total(r[name] for r in given) for name in given[0]}
    cost, listed, tokens = row["cost_usd"], row["list_cost_usd"], row["total_tokens"]
    known = None not in (cost, listed)
    row["discount_usd"] = listed - cost if known else None
    row["discount_rate"] = share(listed - cost, listed, 100) if known else None
    row["cost_per_million_tokens"] = share(cost, tokens, 1_000_000)
    if tokens is not None:
        inputs = tokens - row["output_tokens"]
        row["cache_read_share"] = share(row["cache_read_tokens"], inputs)
    return row


def _artifact(record: Record) -> str:
    return f"{record['artifact_type']} ({'' if record['is_shared'] else 'not '}shared)"


#: Kind to stream, id and uses.
THINGS: dict[str, tuple[str, Callable[[Record], Any], Callable[[Record], Any]]] = {
    "skill": ("skills", lambda r: r["skill_name"], lambda r: r["invocation_count"]),
    "connector": (
        "connectors",
        lambda r: r["connector_name"],
        lambda r: whole(
            r[f"{kind}_call_count"] for kind in ("read", "write", "unclassified")
        ),
    ),
    "plugin": ("plugins", lambda r: r["plugin_key"], lambda r: r["invocation_count"]),
    "artifact": ("artifacts", _artifact, lambda r: r["artifacts_created_count"]),
    "project": ("chat_projects", lambda r: r["project_id"], lambda r: r["message_count"]),
}
