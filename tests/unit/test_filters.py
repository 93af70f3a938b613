"""Filters and teams that are wrong are told before the first request."""

from __future__ import annotations

import pytest

from tap_claude_analytics.config.checks import configuration_mistakes
from tap_claude_analytics.config.filters import (
    FILTERS,
    endpoint_mistakes,
    entry_mistakes,
)
from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA
from tests.simulator import ENDPOINTS

TEAM = "rbac_group_id:rbac_group_01AbC"
UUID = "rbac_group_id:0b0c1a52-9c6e-4a57-8f3c-0e2f6f5d1a11"


def mistakes(**settings: object) -> list[str]:
    """Return what is wrong with a configuration that has a key besides."""
    config = {"api_key": "sk-ant-api01-x", **settings}
    return configuration_mistakes(config, CONFIG_JSONSCHEMA)


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


@pytest.mark.parametrize(
    "entry",
    [
        TEAM,
        UUID,
        "user_id:user_01x-y",
        "project_id:claude_proj_1",
        "product:chat",
        "skill_name:my: skill",
        "is_shared:true",
        "artifact_type:text/html",
    ],
)
def test_right_entries(entry: str) -> None:
    """The dimension ends at the first colon; names may hold more of them."""
    assert list(entry_mistakes([entry])) == []


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


def test_too_many() -> None:
    """As many entries as one request may hold."""
    [sentence] = mistakes(filters=[TEAM] * 101)
    assert "filters has 101 entries" in sentence
    [sentence] = mistakes(rbac_group_ids=["rbac_group_1"] * 101)
    assert "rbac_group_ids has 101 entries" in sentence


def test_a_value_that_another_endpoint_takes() -> None:
    """What chat is to skills, it is not to plugins."""
    assert (
        list(endpoint_mistakes("skills", "skills", ["product:chat"], is_grouped=False))
        == []
    )
    [sentence] = endpoint_mistakes("plugins", "plugins", ["product:chat"], is_grouped=False)
    assert sentence.endswith("for stream plugins.")
    assert "product 'chat'" in sentence


def test_projects_of_users() -> None:
    """A project narrows the rows of users, but not those of teams."""
    project = "project_id:claude_proj_1"
    assert list(endpoint_mistakes("u", "users", [project], is_grouped=False)) == []
    assert len(list(endpoint_mistakes("t", "users", [project], is_grouped=True))) == 1
    assert (
        len(list(endpoint_mistakes("u", "users", [project, TEAM], is_grouped=False))) == 1
    )
