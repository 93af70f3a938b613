"""Filters and teams that are wrong are told before the first request."""

from __future__ import annotations

import pytest

from tap_claude_analytics.config.filters import FILTERS, endpoint_mistakes, entry_mistakes
from tests.simulator import ENDPOINTS
from tests.unit.configuration import mistakes, the_mistake

TEAM = "rbac_group_id:rbac_group_01AbC"
UUID = "rbac_group_id:0b0c1a52-9c6e-4a57-8f3c-0e2f6f5d1a11"


def test_the_endpoints_take_these_and_no_others() -> None:
    """Dimensions and their few words are those of the simulator, written independently."""
    taken = {endpoint.path: endpoint.filters for endpoint in ENDPOINTS.values()}
    assert FILTERS.keys() == taken.keys()
    for path, dimensions in FILTERS.items():
        assert dimensions.keys() == taken[path].keys()
        for dimension, values in dimensions.items():
            few = taken[path][dimension]
            assert values.are_few is bool(few)
            assert all(values.holds(value) for value in few)
            assert not (few and values.holds("another"))


def test_right_entries() -> None:
    """The dimension ends at the first colon; names may hold more of them."""
    ids = [TEAM, UUID, "user_id:user_01x-y", "project_id:claude_proj_1"]
    names = ["product:chat", "is_shared:true", "skill_name:my: skill"]
    assert list(entry_mistakes([*ids, *names, "artifact_type:text/html"])) == []


@pytest.mark.parametrize(
    ("entry", "parts", "hidden"),
    [
        ("team:x@example.com", ["number 2", "rbac_group_id", "user_id"], "x@example"),
        ("product", ["product", "chat, chat_cowork_unified"], ""),
        ("product:chats", ["product 'chats'", "one of chat,"], ""),
        ("user_id:jo@example.com", ["user_id", "user_…"], "jo@example.com"),
        ("rbac_group_id:Finance", ["rbac_group_…) or a UUID"], "Finance"),
        ("skill_name: ", ["skill_name", "a name"], ""),
        ("is_shared:True", ["is_shared 'True'", "one of false, true"], ""),
        ("", ["number 2", "dimension:value"], ""),
    ],
)
def test_wrong_entries(entry: str, parts: list[str], hidden: str) -> None:
    """Setting, what is wrong and what is valid; nothing that may be a person's."""
    [sentence] = entry_mistakes([TEAM, entry])
    assert sentence.startswith("filters has ")
    assert all(part in sentence for part in parts)
    assert not hidden or hidden not in sentence


def test_teams_are_named_by_their_ids() -> None:
    """Not by names, nor by UUIDs, which rows do not hold."""
    assert mistakes(rbac_group_ids=["rbac_group_01AbC"]) == []
    first, second = mistakes(rbac_group_ids=["Finance", UUID.partition(":")[2]])
    assert "number 1" in first
    assert "Finance" not in first
    assert "number 2" in second


@pytest.mark.parametrize(
    ("name", "entry"), [("filters", TEAM), ("rbac_group_ids", "rbac_group_1")]
)
def test_too_many(name: str, entry: str) -> None:
    """As many entries as one request may hold."""
    assert f"{name} has 101 entries" in the_mistake(**{name: [entry] * 101})


@pytest.mark.parametrize(
    ("path", "filters", "told"),
    [
        ("skills", ["product:chat"], None),
        # What chat is to skills, it is not to plugins.
        ("plugins", ["product:chat"], "product 'chat'"),
        ("users", ["product:chat"], "which stream mine does not support"),
        ("users", ["project_id:claude_proj_1"], None),
        ("users", ["project_id:claude_proj_1", TEAM], "neither together with"),
    ],
    ids=str,
)
def test_what_an_endpoint_takes(path: str, filters: list[str], told: str | None) -> None:
    """The sentence has the stream that does not take a filter."""
    sentences = [*endpoint_mistakes("mine", path, filters, is_grouped=False)]
    assert len(sentences) == (told is not None)
    assert all(
        "stream mine" in sentence and str(told) in sentence for sentence in sentences
    )


def test_projects_of_teams() -> None:
    """A project narrows the rows of users, but not those of teams."""
    assert [*endpoint_mistakes("t", "users", ["project_id:claude_proj_1"], is_grouped=True)]
