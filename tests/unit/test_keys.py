"""Keys of other kinds, and keys in the wrong place: told before the first request."""

from __future__ import annotations

import pytest

from tap_claude_analytics.common.errors import KEY_ADVICE
from tap_claude_analytics.config.checks import configuration_mistakes
from tap_claude_analytics.config.keys import closed_streams_mistake
from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA

SECRET = "Zx9-secret_part"  # noqa: S105 - of a key that nobody has
ADMIN_KEY = f"sk-ant-admin01-{SECRET}"


def mistakes(key: str) -> list[str]:
    """Return what is wrong with a configuration that has nothing but a key."""
    return configuration_mistakes({"api_key": key}, CONFIG_JSONSCHEMA)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (f'"sk-ant-api01-{SECRET}"', "has quotes around it"),
        (f"'sk-ant-api01-{SECRET}'", "--env-file"),
        (f"sk-ant-api01-{SECRET}'", "has quotes around it"),
        (f"sk-ant-api03-{SECRET}", "a key of the Claude API"),
        (f"sk-ant-oat01-{SECRET}", "the token of a login"),
    ],
)
def test_what_is_no_key_of_this_api(key: str, told: str) -> None:
    """One sentence each, which does not show it."""
    (sentence,) = mistakes(key)
    assert told in sentence
    assert SECRET not in sentence


@pytest.mark.parametrize("key", [f"sk-ant-api01-{SECRET}", ADMIN_KEY, "gateway/token"])
def test_what_may_be_one(key: str) -> None:
    """A gateway may have keys of its own, and an Admin key opens some streams."""
    assert mistakes(key) == []


def test_an_admin_key() -> None:
    """It reads usage and cost, and nothing else."""
    assert closed_streams_mistake(ADMIN_KEY, ["usage", "cost"]) == ""
    sentence = closed_streams_mistake(ADMIN_KEY, ["usage", "skills", "cost_report"])
    assert "It cannot read: cost_report, skills." in sentence
    assert SECRET not in sentence
    assert closed_streams_mistake("sk-ant-api01-x", ["skills"]) == ""


def test_where_keys_are_made() -> None:
    """The page, and the switch on it."""
    assert "claude.ai/admin-settings/api-access" in KEY_ADVICE
    assert "public API access must be switched on" in KEY_ADVICE
    description = CONFIG_JSONSCHEMA["properties"]["api_key"]["description"]
    assert "claude.ai/admin-settings/api-access" in description
