"""Settings in the environment."""

from __future__ import annotations

import pytest

from tap_claude_analytics.cli.options import ENV_PREFIX
from tap_claude_analytics.config.checks import environment_mistakes, unknown_variables
from tests.unit.configuration import KEY, SCHEMA


def malformed(**variables: str) -> list[str]:
    """Return what is said of variables that cannot be parsed."""
    environment = {f"{ENV_PREFIX}{name}": text for name, text in variables.items()}
    return environment_mistakes({**environment, "PAGE_SIZE": "abc"}, ENV_PREFIX, SCHEMA)


@pytest.mark.parametrize(
    ("name", "text", "valid"),
    [
        ("PAGE_SIZE", "abc", "from 1 to 1000"),
        ("PAGE_SIZE", "", "from 1 to 1000"),
        ("LOOKBACK_DAYS", "1.5", "from 0 to 90"),
        ("FLATTENING_MAX_DEPTH", "deep", "an integer"),
        ("FLATTENING_ENABLED", "banana", "a boolean"),
    ],
)
def test_a_malformed_value(name: str, text: str, valid: str) -> None:
    """The variable is named, with its value and what is valid."""
    (sentence,) = malformed(**{name: text, "API_KEY": KEY})
    assert sentence.startswith(f"{ENV_PREFIX}{name} is {text!r}")
    assert valid in sentence


def test_a_malformed_object() -> None:
    """It is named, but it may hold a salt, so it is not shown."""
    (sentence,) = malformed(STREAM_MAP_CONFIG="{'salt': 'pepper'")
    variable = f"{ENV_PREFIX}STREAM_MAP_CONFIG"
    assert sentence == f"{variable} is not valid JSON; expected an object."


def test_values_that_can_be_parsed() -> None:
    """Whether they are valid is checked later, like those of a file."""
    numbers = {"PAGE_SIZE": "0", "START_DATE": "banana", "FLATTENING_ENABLED": "true"}
    texts = {"API_KEY": f"{KEY}\n", "STREAM_MAPS": '{"skills": {}}', "LOGLEVEL": "DEBUG"}
    assert malformed(**numbers, **texts) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [("STRAT_DATE", "START_DATE"), ("APIKEY", "API_KEY"), ("COLOUR", None)],
)
def test_a_variable_that_is_no_setting(name: str, meant: str | None) -> None:
    """It is named, and so is the nearest; its value is not."""
    (sentence,) = unknown_variables({f"{ENV_PREFIX}{name}": KEY}, ENV_PREFIX, SCHEMA)
    assert f"{ENV_PREFIX}{name}," in sentence
    assert (f"Did you mean {ENV_PREFIX}{meant}?" in sentence) is (meant is not None)
    assert KEY not in sentence


@pytest.mark.parametrize(
    "name",
    [
        "API_KEY",
        "LOGLEVEL",
        "STREAM_MAP_CONFIG_SALT",
        "_SELECT",
        "EUROPE_API_KEY",
        "EUROPE__SELECT_FILTER",
    ],
)
def test_variables_of_the_tap_and_of_meltano(name: str) -> None:
    """They are no mistakes, nor is what has another prefix."""
    variables = {f"{ENV_PREFIX}{name}": "x", "HOME": "/"}
    assert [*unknown_variables(variables, ENV_PREFIX, SCHEMA)] == []
