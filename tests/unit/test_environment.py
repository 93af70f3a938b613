"""Settings in the environment, keys on the command line, and values that maps need."""

from __future__ import annotations

import copy

import pytest
from click.testing import CliRunner

from tap_claude_analytics.cli.options import ENV_PREFIX
from tap_claude_analytics.config.checks import configuration_mistakes, unknown_variables
from tap_claude_analytics.config.map_values import missing_values
from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA
from tap_claude_analytics.tap import TapClaudeAnalytics

KEY = "sk-ant-api01-Zx9-secret_part"
SCHEMA = copy.deepcopy(CONFIG_JSONSCHEMA)
TapClaudeAnalytics.append_builtin_config(SCHEMA)


# Variables


@pytest.mark.parametrize(
    ("name", "meant"),
    [("STRAT_DATE", "START_DATE"), ("APIKEY", "API_KEY"), ("COLOUR", None)],
)
def test_a_variable_that_is_no_setting(name: str, meant: str | None) -> None:
    """It is named, and so is the nearest; its value is not."""
    variables = {f"{ENV_PREFIX}{name}": KEY}
    (sentence,) = unknown_variables(variables, ENV_PREFIX, SCHEMA)
    assert f"{ENV_PREFIX}{name}," in sentence
    assert (f"Did you mean {ENV_PREFIX}{meant}?" in sentence) is (meant is not None)
    assert KEY not in sentence


@pytest.mark.parametrize(
    "name",
    [
        "API_KEY",
        "LOGLEVEL",
        "STREAM_MAPS",
        "STREAM_MAP_CONFIG_SALT",
        "_SELECT",
        "EUROPE_API_KEY",
        "EUROPE__SELECT_FILTER",
    ],
)
def test_variables_of_the_tap_and_of_meltano(name: str) -> None:
    """They are no mistakes."""
    variables = {f"{ENV_PREFIX}{name}": "x", "HOME": "/"}
    assert [*unknown_variables(variables, ENV_PREFIX, SCHEMA)] == []


def test_a_key_that_is_not_read() -> None:
    """The sentence names the option that is missing."""
    (sentence,) = configuration_mistakes({}, SCHEMA, "THE_KEY")
    assert "The environment has THE_KEY" in sentence
    assert "--config=ENV" in sentence
    assert configuration_mistakes({"api_key": KEY}, SCHEMA, "THE_KEY") == []
    (sentence,) = configuration_mistakes({}, SCHEMA)
    assert "--config=ENV" not in sentence


# The command line


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
def test_a_key_in_the_wrong_place(
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


# Values that stream maps need

MAPS = {
    "user_summaries": {
        "email_address": "sha256(config['salt'] + email_address)",
        "user": "{'id': sha256(config['salt'] + user.get('id'))} if user else None",
    },
    "skills": None,
    "cost": {"team": 'config["team"]', "actor": "__NULL__", "__alias__": "money"},
    "usage": "__NULL__",
}


@pytest.mark.parametrize("values", [{}, {"salt": None, "team": ""}])
def test_values_that_are_not_set(values: dict[str, object]) -> None:
    """One sentence for each, with the streams that need it."""
    salt, team = missing_values(MAPS, values)
    assert salt.startswith("stream_map_config.salt is not set")
    assert "stream maps of user_summaries need" in salt
    assert "declare the setting stream_map_config" in salt
    assert team.startswith("stream_map_config.team is not set")
    assert [*missing_values(MAPS, {"salt": "x", "team": 1})] == []


def test_they_are_mistakes_of_the_configuration() -> None:
    """Told before the first request."""
    config = {"api_key": KEY, "stream_maps": MAPS}
    assert len(configuration_mistakes(config, SCHEMA)) == 2
    config["stream_map_config"] = {"salt": "x", "team": "y"}
    assert configuration_mistakes(config, SCHEMA) == []
