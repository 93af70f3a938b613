"""Keys, settings in the environment and on the command line, and stream maps."""

from typing import Any

import pytest
from click.testing import CliRunner

from tap_claude_analytics.cli.options import ENV_PREFIX
from tap_claude_analytics.config.checks import (
    configuration_mistakes,
    environment_mistakes,
    unknown_variables,
)
from tap_claude_analytics.config.keys import closed_streams_mistake
from tap_claude_analytics.config.stream_maps import stream_map_mistakes
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.unit.test_configuration import KEY, SCHEMA, SECRET, WHICH_KEY

ADMIN_KEY = f"sk-ant-admin01-{SECRET}"


def test_a_missing_key() -> None:
    """It is said to be missing; if the environment has it, the option that reads it is."""
    (sentence,) = configuration_mistakes({}, SCHEMA)
    assert sentence.startswith("api_key is not set")
    assert "--config=ENV" not in sentence
    assert all(text in sentence for text in WHICH_KEY)
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


OPTIONS = ("--config", "--catalog", "--state", "--format", f"--{KEY}", KEY)


@pytest.mark.parametrize("option", OPTIONS, ids=[*OPTIONS[:4], "option", "argument"])
def test_a_key_on_the_command_line(option: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is not shown."""
    arguments = [option] if KEY in option else [option, KEY]
    result = CliRunner().invoke(TapClaudeAnalytics.cli, arguments)
    assert result.exit_code in {1, 2}
    said = result.output + caplog.text
    assert "secret_part" not in said
    if option == "--config":
        assert "has a key where the name of a file belongs" in said
    else:
        assert "[key]" in said


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("PAGE_SIZE", "abc", "is 'abc'; expected an integer from 1 to 1000."),
        ("PAGE_SIZE", "", "is ''; expected an integer from 1 to 1000."),
        ("LOOKBACK_DAYS", "1.5", "is '1.5'; expected an integer from 0 to 90."),
        ("FLATTENING_MAX_DEPTH", "deep", "is 'deep'; expected an integer."),
        ("FLATTENING_ENABLED", "banana", "is 'banana'; expected a boolean."),
        # It may hold a salt, so it is not shown.
        ("STREAM_MAP_CONFIG", "{'salt': 'x'", "is not valid JSON; expected an object."),
    ],
)
def test_a_malformed_variable(name: str, text: str, told: str) -> None:
    """It is named, with its value and what is valid; others are left for later checks."""
    right = {"API_KEY": f"{KEY}\n", "START_DATE": "banana", "LOGLEVEL": "DEBUG"}
    right |= {"PAGE_SIZE": "0", "FLATTENING_ENABLED": "true", "STREAM_MAPS": '{"x": {}}'}
    environment = {
        f"{ENV_PREFIX}{key}": value for key, value in {**right, name: text}.items()
    }
    (sentence,) = environment_mistakes(
        environment | {"PAGE_SIZE": "abc"}, ENV_PREFIX, SCHEMA
    )
    assert sentence == f"{ENV_PREFIX}{name} {told}"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("STRAT_DATE", "START_DATE"), ("APIKEY", "API_KEY"), ("COLOUR", None)],
)
def test_a_variable_that_is_no_setting(name: str, meant: str | None) -> None:
    """It is named, and so is the nearest; its value is not, nor what is of Meltano."""
    others = ["API_KEY", "LOGLEVEL", "STREAM_MAP_CONFIG_SALT", "_SELECT"]
    others += ["EUROPE_API_KEY", "EUROPE__SELECT_FILTER"]
    environment = {f"{ENV_PREFIX}{each}": KEY for each in (*others, name)}
    (sentence,) = unknown_variables({**environment, "HOME": "/"}, ENV_PREFIX, SCHEMA)
    assert f"{ENV_PREFIX}{name}," in sentence
    assert (f"Did you mean {ENV_PREFIX}{meant}?" in sentence) is (meant is not None)
    assert KEY not in sentence


# Stream maps that would do nothing; new columns and copies are no mistakes.

FIELDS = {
    "skills": {"date", "skill_name"},
    "user_summaries": {"date", "user", "email_address"},
    "usage": {"date", "actor_email_address"},
}


@pytest.mark.parametrize(
    "maps",
    [
        *({}, {"__else__": None}),
        {"skills": {"tenant": "'acme'", "skill_name": None}},
        {"user_summaries": None, "usage": "__NULL__"},
        {"*": {"email_address": "__NULL__", "__filter__": "date > '2026'"}},
        {"skills": {"__alias__": "abilities", "__key_properties__": ["date"]}},
        {
            "user_summaries": {"email_address": "__NULL__"},
            "people": {"__source__": "user_summaries", "user": None, "__else__": None},
        },
    ],
)
def test_stream_maps_that_fit(maps: dict[str, Any]) -> None:
    """Every entry fits a stream, every removal a field, and no two entries meet."""
    assert not [*stream_map_mistakes(maps, FIELDS)]


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        ({"user_sumaries": {}}, ["user_sumaries", "Did you mean user_summaries?"]),
        ({"user_*s_": {}}, ["user_*s_"]),
        ({"people": {"__source__": "skils"}}, ["skils", "Did you mean skills?"]),
        ({"skills": {"skil_name": None}}, ["skil_name", "Did you mean skill_name?"]),
        (
            {"user_summaries": {"user__email_address": "__NULL__"}},
            ["user__email_address", "Did you mean email_address?"],
        ),
        ({"people": {"__source__": "usage", "user": None}}, ["removes user"]),
        ({"u*": {"skill_name": None}}, ["skill_name", "u*"]),
        (
            {"user_summaries": {"user": None}, "u*_summaries": {"tenant": "'a'"}},
            ["two entries for stream user_summaries, user_summaries and u*_summaries"],
        ),
        (
            {"u*": {"date": "str(date)"}, "usage": {"__alias__": "tokens"}},
            ["two entries for stream usage, u* and usage"],
        ),
    ],
)
def test_stream_maps_that_miss(maps: dict[str, Any], words: list[str]) -> None:
    """The sentence has the name and the nearest valid one."""
    [sentence] = stream_map_mistakes(maps, FIELDS)
    assert all(word in sentence for word in words)
