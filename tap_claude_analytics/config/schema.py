"""The settings as a JSON schema, with titles and descriptions for people."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

CONFIG_JSONSCHEMA: dict[str, Any] = json.loads(
    (resources.files(__package__) / "settings.json").read_text(encoding="utf-8")
)


def default_of(name: str) -> Any:  # noqa: ANN401 - as many types as there are settings
    """Return the default of a setting, None if it has none."""
    return CONFIG_JSONSCHEMA["properties"][name].get("default")
