"""What the marts must hold of the simulated organisation, worked out from its truth.

Nothing here looks at the package's SQL: the rules are those of its documentation.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.system.transform_figures import (
    FAMILIES,
    days_of,
    figure,
    frequency_class,
    month_of,
    share,
    used_families,
    whole,
    with_unified,
)
from tests.system.transform_work import DAYS, Work

if TYPE_CHECKING:
    from tests.system.transform_figures import Mart

WEEKS = [day for day in DAYS if day.weekday() == 0]


class Truth(Work):
    """All marts, each by its key without the organisation."""

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
                "calendar_active_user_count": len(self.people("all", monday, 7))
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
                breadth = [sum(u in now[f] for f in FAMILIES) for u in everybody]
                mart[grain, start, "all"] |= {
                    "new_user_count": len(everybody - ever) if read and earlier else None,
                    "retained_user_count": None
                    if before is None or not read
                    else len(everybody & before),
                    "returning_user_count": None
                    if before is None or not read
                    else len((everybody & ever) - before),
                    "lost_user_count": None
                    if before is None or not read
                    else len(before - everybody),
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
                    "frequency": frequency_class(count) if known else None,
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
        weeks = {monday: self.people("all", monday, 7) for monday in WEEKS}
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
                "chat_message_count": with_unified(r, "chat", "message_count"),
                "cowork_message_count": with_unified(r, "cowork", "message_count"),
                "cowork_action_count": with_unified(r, "cowork", "action_count"),
                "dispatch_turn_count": with_unified(r, "cowork", "dispatch_turn_count"),
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
            for used in [used_families(r)]
        }
