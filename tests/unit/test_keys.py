"""Keys that are none, of other kinds, or in the wrong place: told, and never shown."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tap_claude_analytics.common.errors import KEY_ADVICE
from tap_claude_analytics.config.checks import configuration_mistakes
from tap_claude_analytics.config.keys import closed_streams_mistake
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.unit.configuration import KEY, SCHEMA, SECRET, mistakes, the_mistake

ADMIN_KEY = f"sk-ant-admin01-{SECRET}"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "must be a non-empty string"),
        (None, "must be a non-empty string"),
        (76543210, "must be a non-empty string"),
        ([KEY], "must be a non-empty string"),
        (f"{KEY}\n", "contains a space, a line break"),
        (f" {KEY}", "contains a space, a line break"),
        (f"“{KEY}”", "contains a space, a line break"),
        (f"sk-ant-api03-{SECRET}", "a key of the Claude API"),
        (f"sk-ant-oat01-{SECRET}", "the token of a login"),
    ],
    ids=repr,
)
def test_what_is_no_key_of_this_api(key: object, told: str) -> None:
    """One sentence each, which does not show it, and says which key it must be."""
    sentence = the_mistake(api_key=key)
    assert sentence.startswith("api_key ")
    assert told in sentence
    assert "Zx9" not in sentence
    assert "secret_part" not in sentence
    assert "76543210" not in sentence
    assert_tells_which_key(sentence)


def assert_tells_which_key(sentence: str) -> None:
    """Check that a sentence names the kind of key, its scope, the plan and the page."""
    advice = ("Analytics API key", "read:analytics", "Claude Enterprise", "api-access")
    assert all(text in sentence for text in advice)


@pytest.mark.parametrize("key", [f'"{KEY}"', f"'{KEY}'", f"{KEY}'"])
def test_a_key_with_quotes(key: str) -> None:
    """The sentence says where they may come from."""
    sentence = the_mistake(api_key=key)
    assert "has quotes around it" in sentence
    assert "--env-file" in sentence
    assert SECRET not in sentence


@pytest.mark.parametrize("key", [KEY, ADMIN_KEY, "gateway/token"])
def test_what_may_be_a_key(key: str) -> None:
    """A gateway may have keys of its own, and an Admin key opens some streams."""
    assert mistakes(api_key=key) == []


def test_a_missing_key() -> None:
    """It is said to be missing; if the environment has it, the option that reads it is."""
    (sentence,) = configuration_mistakes({}, SCHEMA)
    assert sentence.startswith("api_key is not set")
    assert "--config=ENV" not in sentence
    assert_tells_which_key(sentence)
    (sentence,) = configuration_mistakes({}, SCHEMA, "THE_KEY")
    assert "The environment has THE_KEY" in sentence
    assert "--config=ENV" in sentence
    assert configuration_mistakes({"api_key": KEY}, SCHEMA, "THE_KEY") == []


def test_an_admin_key() -> None:
    """It reads usage and cost, and nothing else."""
    assert closed_streams_mistake(ADMIN_KEY, ["usage", "cost"]) == ""
    sentence = closed_streams_mistake(ADMIN_KEY, ["usage", "skills", "cost_report"])
    assert "It cannot read: cost_report, skills." in sentence
    assert SECRET not in sentence
    assert closed_streams_mistake("sk-ant-api01-x", ["skills"]) == ""


def test_where_keys_are_made() -> None:
    """The page, and the switch on it."""
    description = SCHEMA["properties"]["api_key"]["description"]
    for text in (KEY_ADVICE, description):
        assert "claude.ai/admin-settings/api-access" in text
    assert "public API access must be switched on" in KEY_ADVICE


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config", KEY],
        ["--catalog", KEY],
        ["--state", KEY],
        ["--format", KEY],
        [f"--{KEY}"],
        [KEY],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_key_on_the_command_line(
    arguments: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """It is not shown."""
    result = CliRunner().invoke(TapClaudeAnalytics.cli, arguments)
    assert result.exit_code in {1, 2}
    said = result.output + caplog.text
    assert "secret_part" not in said
    if arguments[0] == "--config":
        assert "has a key where the name of a file belongs" in said
    else:
        assert "[key]" in said
