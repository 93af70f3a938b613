"""Two organisations, written down row by row for the rules that they show."""

from datetime import date, timedelta

from tests import truth
from tests.system.warehouse import Row

#: Forty days that end on the Sunday of the week 2026-12-28 to 2027-01-03.
DAYS = [date(2026, 11, 25) + timedelta(days=n) for n in range(40)]
SWITCHED, REMOVED, TWICE, EMPTIED, UNREAD = (
    date(2026, 12, n) for n in (30, 29, 24, 27, 28)
)


def rows_of(day: date, *rows: Row, hours: int = 10) -> list[Row]:
    """Return rows of a day, read 40 days later, so that all is settled."""
    read = f"{day + timedelta(days=40)} {hours:02}:00:00"
    return [{"date": day.isoformat(), **row, "snapshot_at": read} for row in rows]


def readings(days: list[date], *streams: str) -> list[Row]:
    """Return readings of streams, an empty one among them."""
    made = []
    for day in days:
        for stream in streams:
            row_count = int((stream, day) != ("user_summaries", EMPTIED))
            reading = {"stream": stream, "is_complete": True, "row_count": row_count}
            made += rows_of(day, reading)
    return made


def messages(user: str, chat: int, unified: int | None = None) -> Row:
    """Return a user's day, as far as this test goes."""
    return {
        "user_id": user,
        "email_address": f"{user}@example.com",
        "chat_metrics__message_count": chat,
        "chat_cowork_unified_metrics__chat__message_count": unified,
    }


def edits(commits: int) -> Row:
    """Return some figures of Claude Code."""
    return {
        "claude_code_metrics__core_metrics__commit_count": commits,
        "claude_code_metrics__tool_actions__edit_tool__accepted_count": 1,
        "claude_code_metrics__tool_actions__edit_tool__rejected_count": 1,
    }


def cost(who: str | None, amount: float, *, deleted: bool | None = None) -> Row:
    """Return a row of cost; without a name, of nobody."""
    return {
        "starting_at": "2026-12-10 00:00:00",
        "row_key": f"{who} {amount}",
        "actor_type": who and ("user_actor" if deleted is not None else "api_actor"),
        "actor_id": who,
        "actor__deleted": deleted,
        "currency": "USD",
        "amount_usd": amount,
        "is_final": True,
    }


def adoption(product: str, monthly: int) -> Row:
    """Return a row of adoption, of more people than there are seats."""
    seats = {"assigned_seat_count": 59, "monthly_active_user_count": monthly}
    return {"product": product, **seats}


def limit(who: str, amount: int | None, spent: int) -> Row:
    """Return a spend limit of a team."""
    return {
        "actor_id": who,
        "period": "monthly",
        "actor__type": "user_actor",
        "amount": amount,
        "amount_in_currency": None if amount is None else amount / 100,
        "period_to_date_spend": spent,
        "source__rbac_group_id": "sales",
    }


def member(user: str, name: str) -> Row:
    """Return a member, whose address is written otherwise than where activity is."""
    return {"user_id": user, "name": name, "email": f"{name}@example.com"}


def invite(name: str, status: str, expires: str, accepted: str | None = None) -> Row:
    """Return an invitation of the first day of a year."""
    return {
        "invite_id": name,
        "status": status,
        "invited_at": "2027-01-01 00:00:00",
        "expires_at": f"{expires} 00:00:00",
        "accepted_at": accepted,
    }


LAST = DAYS[-1]
ASKED = {"actor_id": "ann", "created_at": "2027-02-10"}

ACME: dict[str, list[Row]] = {
    "readings": [
        *readings(DAYS, "user_summaries", "team_summaries", "org_summaries"),
        *readings(DAYS, "adoption", "cost"),
        *readings(DAYS[-2:], *truth.SNAPSHOTS),
    ],
    "user_summaries": [
        *rows_of(DAYS[0], {**messages("ann", 1), **edits(1)}),
        *rows_of(SWITCHED, messages("ann", 3, 2), messages("idle", 0, 0)),
        # The day was read again, without this user.
        *rows_of(REMOVED, messages("gone", 9), hours=9),
        # A target that appends has what was read before beside what counts.
        *rows_of(TWICE, messages("bob", 1), hours=11),
        *rows_of(TWICE, messages("bob", 4), hours=12),
        *rows_of(EMPTIED, messages("bob", 9), hours=9),
        *rows_of(LAST, {**messages("bob", 1), **edits(2)}),
    ],
    "team_summaries": rows_of(
        LAST,
        *(
            {"rbac_group_id": team, "distinct_user_count": 1, **edits(2)}
            for team in ("it", "sales")
        ),
    ),
    "org_summaries": rows_of(
        LAST,
        {"assigned_seat_count": 59, "monthly_active_user_count": 60},
    ),
    "adoption": rows_of(LAST, adoption("all", 60), adoption("claude_tag", 500)),
    "cost": rows_of(
        date(2026, 12, 10),
        cost("ann", 1.5, deleted=False),
        cost("dan", 2.25, deleted=True),
        cost("key", 0.25),
        cost(None, 3.0),
    ),
    "members": [
        *rows_of(DAYS[-2], {"user_id": "ann"}, {"user_id": "zed"}),
        *rows_of(
            LAST, member("ann", "Ann"), member("new-bob", "Bob"), member("eve", "Eve")
        ),
    ],
    "invites": rows_of(
        LAST,
        invite("open", "pending", "2027-12-01"),
        invite("late", "pending", "2027-01-15"),
        invite("done", "accepted", "2027-12-01", "2027-01-02 12:00:00"),
    ),
    "spend_limits": rows_of(LAST, limit("ann", 1000, 950), limit("eve", None, 0)),
    "spend_limit_requests": rows_of(
        LAST,
        {"request_id": "r1", "status": "pending", **ASKED},
        {"request_id": "r2", "status": "denied", **ASKED},
    ),
    "teams": rows_of(
        LAST, *({"rbac_group_id": i, "name": "Sales"} for i in ("sales", "it"))
    ),
    "team_members": [
        *rows_of(DAYS[-2], {"rbac_group_id": "it", "user_id": "zed"}),
        *rows_of(LAST, *({"rbac_group_id": "sales", "user_id": u} for u in ("ann", "bob"))),
    ],
}
#: The same tables, loaded before there was unified use, and with a day that was not read.
GLOBEX = {
    **ACME,
    "readings": [row for row in ACME["readings"] if row["date"] != UNREAD.isoformat()],
    "user_summaries": [
        {name: value for name, value in row.items() if "unified" not in name}
        for row in ACME["user_summaries"]
    ],
}
