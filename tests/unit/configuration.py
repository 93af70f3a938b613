"""Configurations with mistakes, for tests of the sentences about them."""

from __future__ import annotations

import copy

from tap_claude_analytics.config.checks import configuration_mistakes
from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA
from tap_claude_analytics.tap import TapClaudeAnalytics

#: The settings of the tap and those of the SDK.
SCHEMA = copy.deepcopy(CONFIG_JSONSCHEMA)
TapClaudeAnalytics.append_builtin_config(SCHEMA)

SECRET = "Zx9-secret_part"  # noqa: S105 - of a key that nobody has
KEY = f"sk-ant-api01-{SECRET}"


def mistakes(**settings: object) -> list[str]:
    """Check a configuration that has a key and, unless told otherwise, nothing else."""
    return configuration_mistakes({"api_key": KEY, **settings}, SCHEMA)


def the_mistake(**settings: object) -> str:
    """Return the only mistake."""
    (sentence,) = mistakes(**settings)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence
