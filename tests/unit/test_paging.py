"""The two ways to the next page, the paths of endpoints, and whose pace they have."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from tap_claude_analytics.api.answers import Answer
from tap_claude_analytics.api.client import BASE_PATH, url_path
from tap_claude_analytics.api.errors import UnexpectedAnswerError
from tap_claude_analytics.api.pacer import Pacers
from tap_claude_analytics.api.pages import AFTER_ID, BY_PAGE, Paging, read_page
from tap_claude_analytics.common.progress import Progress

FAST = {"data": [{"id": "a"}]}
#: With a number that only the slower decoder takes.
SLOW = {"data": [{"id": "a"}], "data_refreshed_at": 7}


def cursor_of(body: dict[str, Any], paging: Paging) -> str | None:
    """Return the cursor that an answer leads to."""
    answer = Answer(
        path="users",
        asked="GET users",
        is_first_page=True,
        status=200,
        reason="OK",
        headers={},
        body=json.dumps(body).encode(),
    )
    return read_page(answer, paging).next_page


@pytest.mark.parametrize("rows", [FAST, SLOW], ids=["fast", "slow"])
@pytest.mark.parametrize(
    ("paging", "rest", "cursor"),
    [
        (BY_PAGE, {"next_page": "p2"}, "p2"),
        (BY_PAGE, {"next_page": None, "last_id": "a"}, None),
        (BY_PAGE, {"next_page": "p2", "has_more": False}, None),
        (AFTER_ID, {"has_more": True, "last_id": "a"}, "a"),
        (AFTER_ID, {"has_more": False, "last_id": "a"}, None),
        # Unless it says that there is no more, there may be: nothing is lost.
        (AFTER_ID, {"last_id": "a"}, "a"),
        (AFTER_ID, {"last_id": None}, None),
    ],
)
def test_the_next_page(
    rows: dict[str, Any], paging: Paging, rest: dict[str, Any], cursor: str | None
) -> None:
    """It is where the endpoint has it."""
    assert cursor_of({**rows, **rest}, paging) == cursor


@pytest.mark.parametrize("rest", [{}, {"last_id": None}, {"last_id": 7}], ids=str)
def test_more_without_a_way_to_it(rest: dict[str, Any]) -> None:
    """That must not be taken for the end."""
    with pytest.raises(UnexpectedAnswerError):
        cursor_of({**FAST, "has_more": True, **rest}, AFTER_ID)


def test_paths() -> None:
    """Most endpoints are those of analytics."""
    assert url_path("apps/chat/projects") == f"{BASE_PATH}apps/chat/projects"
    assert url_path("/v1/organizations/users") == "/v1/organizations/users"


def test_rate_limits() -> None:
    """Analytics, spend limits and people are counted apart."""
    pacers = Pacers(7, Progress(logging.getLogger("quiet")))
    paths = {
        "users": "analytics",
        "apps/chat/projects": "analytics",
        "/v1/organizations/spend_limits/effective": "spend limits",
        "/v1/organizations/spend_limit_increase_requests": "spend limits",
        "/v1/organizations/users": "people",
        "/v1/organizations/rbac_groups/rbac_group_1/members": "people",
    }
    pacer_of: dict[str, object] = {}
    for path, limit in paths.items():
        assert pacer_of.setdefault(limit, pacers.of(path)) is pacers.of(path)
    assert len(set(map(id, pacer_of.values()))) == 3
