"""The Meltano plugin definition: what stands in it, and what the tap says of itself.

`python -m tests.plugin_definition` prints it; with `--write` it brings the file
`plugin-definition.yml` and the plugin's entry in `meltano.yml` up to date.
"""

import io
import json
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from typing import Any

import yaml

from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT

FILE = ROOT / "plugin-definition.yml"
PROJECT = ROOT / "meltano.yml"

#: What the entry in `meltano.yml` has in common with the definition. Its defaults are the
#: tap's own, so it repeats none.
SHARED = ("label", "description", "capabilities", "settings_group_validation", "settings")


def setting(
    name: str, rule: Mapping[str, Any], labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return a setting as Meltano defines it, with its default as its value.

    The labels are those of its options, which the tap does not name.
    """
    (kind,) = set(rule["type"]) - {"null"}
    if rule.get("format") in {"date", "date-time"}:
        kind = "date_iso8601"
    defined: dict[str, Any] = {
        "name": name,
        "kind": "options" if "enum" in rule else kind,
        "label": rule["title"],
        "description": rule["description"],
    }
    if rule.get("secret"):
        # Hubs go by the kind, Meltano by the mark.
        defined |= {"kind": "password", "sensitive": True}
    if "default" in rule:
        defined["value"] = rule["default"]
    if "enum" in rule:
        defined["options"] = [
            {"label": labels.get(value, value), "value": value}
            for value in rule["enum"]
            if value is not None
        ]
    return defined


def define(text: str) -> dict[str, Any]:
    """Return the definition in a text, with what the tap says of itself now."""
    definition: dict[str, Any] = yaml.safe_load(text)
    with redirect_stdout(io.StringIO()) as told:
        TapClaudeAnalytics.print_about("json")
    about = json.loads(told.getvalue())
    # What this repository's own project sets is what makes tables of the records.
    (own,) = yaml.safe_load(PROJECT.read_text("utf-8"))["plugins"]["extractors"]
    rules = about["settings"]["properties"]
    for name, value in own["config"].items():
        rules[name]["default"] = value
    labels = {
        each["name"]: {option["value"]: option["label"] for option in each["options"]}
        for each in definition["settings"]
        if "options" in each
    }
    streams = TapClaudeAnalytics(validate_config=False, setup_mapper=False).streams
    select = [f"{name}.*" for name in streams if streams[name].selected_by_default]
    return definition | {
        "name": about["name"],
        "description": about["description"],
        "supported_python_versions": about["supported_python_versions"],
        "capabilities": sorted(about["capabilities"]),
        "settings_group_validation": [about["settings"]["required"]],
        "settings": [
            setting(name, rule, labels.get(name, {})) for name, rule in rules.items()
        ],
        "select": select,
        "next_steps": with_select(definition["next_steps"], select),
    }


def with_select(text: str, select: Sequence[str]) -> str:
    """Return a text whose command sets these select rules."""
    return re.sub(r"(?<= _select )'.*?'", f"'{json.dumps(select)}'", text)


def dump(value: object, *, sort_keys: bool = False) -> str:
    """Return YAML with a line for every text."""
    text: str = yaml.safe_dump(value, sort_keys=sort_keys, allow_unicode=True, width=10_000)
    return text


def definition_text(definition: Mapping[str, Any], text: str) -> str:
    """Return the definition below the comments that a text begins with."""
    comments = "".join(re.findall(r"^#.*\n", text, re.MULTILINE))
    return with_select(comments, definition["select"]) + dump(definition, sort_keys=True)


def project_text(definition: Mapping[str, Any], text: str) -> str:
    """Return a Meltano project with what its first extractor shares with the definition."""
    shared = {key: definition[key] for key in SHARED}
    # The tap's default counts, and Meltano has given the kind up in favour of the mark.
    shared["settings"] = [
        {name: value for name, value in each.items() if name != "value"}
        | ({"kind": "string"} if each.get("sensitive") else {})
        for each in definition["settings"]
    ]
    for key, value in shared.items():
        old = re.compile(rf"^    {key}:.*\n(?:    (?:- |  ).*\n)*", re.MULTILINE)
        before, after = old.split(text, maxsplit=1)
        text = before + textwrap.indent(dump({key: value}), "    ") + after
    return text


def main(arguments: Sequence[str]) -> None:
    """Print the definition, or write it where it belongs."""
    text, project = (path.read_text(encoding="utf-8") for path in (FILE, PROJECT))
    definition = define(text)
    if arguments == ["--write"]:
        FILE.write_text(definition_text(definition, text), encoding="utf-8")
        PROJECT.write_text(project_text(definition, project), encoding="utf-8")
    else:
        sys.stdout.write(definition_text(definition, text))


if __name__ == "__main__":
    main(sys.argv[1:])
