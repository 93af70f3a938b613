"""Rules that the tap keeps, so that its tests cannot tell if the simulator has them."""

from datetime import date

import pytest

from tests.simulator import ENDPOINTS, REPORTS, RESOURCES, Options, Row, Simulator
from tests.simulator_tests.asking import Ask, path_of, refusal

TODAY = date(2026, 10, 8)
DAY, NEXT = "2026-10-06", "2026-10-07"
OPTIONS = Options(today=TODAY, users=30)

SPAN: Row = {"starting_at": "2026-10-05T00:00:00Z", "ending_at": "2026-10-09T00:00:00Z"}
MINUTES: Row = {"ending_at": "2026-10-06T00:00:00Z", "bucket_width": "1m"}
FIVE = ["actor", "product", "model", "speed", "context_window"]
# Parameters that are enough, by path or by name.
RIGHT: dict[str, Row] = {
    **{endpoint.path: {"date": DAY} for endpoint in ENDPOINTS.values()},
    "summaries": {"starting_date": DAY, "ending_date": NEXT},
    **{
        name: {**SPAN, "bucket_width": "1d"}
        if report.legacy
        else {**SPAN, "time_bucket_width": "1d", "order_by": "time", "order": "asc"}
        for name, report in REPORTS.items()
    },
    **{name: {"limit": 20} for name in RESOURCES},
}
# What is wrong, by what is said of it: an endpoint, and how its right parameters change.
REFUSED: tuple[tuple[str, str, Row], ...] = (
    *(("colour: unknown", name, {"colour": "x"}) for name in RIGHT),
    ("limit: must be from 1 to 1000", "skills", {"limit": 1001}),
    ("limit: must be from 1 to 1000", "skills", {"limit": 0}),
    ("limit: must be from 1 to 1000", "skills", {"limit": "ten"}),
    ("limit: must be from 1 to 1000", "members", {"limit": 1001}),
    ("limit: must be from 1 to 1000", "usage", {"limit": 1001}),
    ("limit: must be from 1 to 31", "usage_report", {"limit": 32}),
    ("limit: must be from 1 to 168", "cost_report", {"bucket_width": "1h", "limit": 169}),
    ("limit: must be from 1 to 256", "cost_report", {**MINUTES, "limit": 257}),
    ("limit: given 2 times", "skills", {"limit": [1, 1]}),
    ("date: required", "skills", {"date": None}),
    ("date: must be a date", "skills", {"date": "20261006"}),
    ("date: must be a date", "skills", {"date": "2026-02-30"}),
    ("date: 2025-12-31 is before 2026-01-01", "skills", {"date": "2025-12-31"}),
    ("starting_date: required", "summaries", {"starting_date": None}),
    ("ending_date: 2026-10-06 must be", "summaries", {"ending_date": DAY}),
    (
        "ending_date: at most 366 days, got 367",
        *("summaries", {"starting_date": "2026-01-01", "ending_date": "2027-01-03"}),
    ),
    ("filter[]: '", "skills", {"filter[]": "colour:red"}),
    ("filter[]: share_status", "skills", {"filter[]": "share_status:colour"}),
    ("filter[]: 'project_id:x' is not", "users", {"filter[]": "project_id:x"}),
    ("group_by[]: 'colour'", "skills", {"group_by[]": "colour"}),
    ("group_by[]: 'colour'", "cost", {"group_by[]": "colour"}),
    ("group_by[]: 'actor'", "user_usage_report", {"group_by[]": "actor"}),
    ("group_by[]: at most 5", "usage", {"group_by[]": [*FIVE, "actor_type"]}),
    (
        "group_by[]: claude_tag_user_id",
        *("cost", {"group_by[]": ["claude_tag_user_id", "rbac_group_id"]}),
    ),
    (
        "group_by[]: claude_tag_user_id",
        *("cost", {"group_by[]": "claude_tag_user_id", "rbac_group_ids[]": "x"}),
    ),
    ("starting_at: only midnights", "usage", {"starting_at": None}),
    ("starting_at: only midnights", "cost", {"starting_at": "2026-10-05T06:00:00Z"}),
    ("starting_at: must not", "cost_report", {"starting_at": "2025-12-31T00:00:00Z"}),
    ("ending_at: must be later", "usage", {"ending_at": "2026-10-05T00:00:00Z"}),
    ("ending_at: the range", "usage", {"starting_at": "2026-09-07T00:00:00Z"}),
    ("ending_at: the range", "cost_report", {"bucket_width": "1m"}),
    ("time_bucket_width: ''", "usage", {"time_bucket_width": None}),
    ("order_by: only the oldest first", "cost", {"order": None}),
    ("exclude_deleted_users: needs", "cost", {"exclude_deleted_users": "true"}),
    ("page: not a cursor", "skills", {"page": "x"}),
    ("page: not a cursor", "cost", {"page": "x"}),
    ("page: not a cursor", "spend_limits", {"page": ""}),
)
ALLOWED: tuple[tuple[str, Row], ...] = (
    *((name, {}) for name in RIGHT),
    *((name, {"limit": 1000}) for name in ("skills", "members", "usage")),
    *(("usage_report", {"limit": 31}), ("cost_report", {**MINUTES, "limit": 256})),
    ("usage", {"starting_at": "2026-09-08T00:00:00Z"}),
    ("cost", {"group_by[]": [*FIVE, "cost_type", "token_type"]}),
)


def question(simulator: Simulator, name: str, changes: Row) -> tuple[str, Row]:
    """Give the path of an endpoint, and its right parameters with the changes."""
    path = path_of(simulator, RESOURCES[name]) if name in RESOURCES else name
    return path, RIGHT[name] | changes


def test_what_is_refused(ask: Ask, simulator: Simulator) -> None:
    """Every rule has a sentence that begins with the parameter; what keeps it is right."""
    for sentence, name, changes in REFUSED:
        path, wrong = question(simulator, name, changes)
        assert refusal(ask(path, **wrong)).startswith(sentence), (name, changes)
    for name, changes in ALLOWED:
        path, right = question(simulator, name, changes)
        assert ask(path, **right).status_code == 200, (name, changes)


@pytest.mark.parametrize(
    ("name", "asked", "other_name", "changes"),
    [
        ("users", {"limit": 5}, "users", {"date": "2026-10-05"}),
        ("users", {"limit": 5}, "users", {"limit": 6}),
        ("users", {"limit": 5}, "users", {"filter[]": "user_id:x"}),
        ("users", {"limit": 5}, "skills", {}),
        ("usage", {"limit": 2, "group_by[]": "product"}, "usage", {"group_by[]": "model"}),
        ("spend_limits", {"limit": 3}, "spend_limits", {"limit": 4}),
    ],
)
def test_a_cursor_belongs_to_its_parameters(
    ask: Ask, simulator: Simulator, name: str, asked: Row, other_name: str, changes: Row
) -> None:
    """Another day, limit, grouping, filter or endpoint needs a cursor of its own."""
    path, right = question(simulator, name, asked)
    cursor = ask(path, **right).json()["next_page"]
    assert ask(path, **right, page=cursor).ok
    path, other = question(simulator, other_name, asked | changes)
    told = refusal(ask(path, **other, page=cursor))
    assert told == "page: this cursor does not belong to these parameters"


def test_generations(ask: Ask, simulator: Simulator) -> None:
    """The older one wraps summaries and names addresses otherwise; others are refused."""
    rows = simulator.truth("summaries", date.fromisoformat(DAY))
    for version, body, address in (
        ("2026-10-21", {"data": rows, "next_page": None}, "email_address"),
        ("2023-06-01", {"summaries": rows}, "email"),
    ):
        sent = {"anthropic-version": version}
        assert ask("summaries", sent, **RIGHT["summaries"]).json() == body
        assert {*ask("users", sent, date=DAY).json()} == {"data", "next_page"}
        users = ask("user_cost_report", sent, **RIGHT["user_cost_report"]).json()["data"]
        assert address in users[0]["actor"]
    for name in ("users", "usage", "teams"):
        path, right = question(simulator, name, {})
        unknown = ask(path, {"anthropic-version": "2025-01-01"}, **right)
        assert "anthropic-version" in refusal(unknown)
    bare = ask("cost", {"anthropic-beta": "x"}, **RIGHT["cost"])
    assert refusal(bare).startswith("anthropic-beta: this endpoint is in beta")
