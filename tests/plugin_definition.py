"""The Meltano plugin definition, made from what the tap says of itself.

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
from importlib.metadata import metadata
from typing import Any

import yaml

from tap_claude_analytics.common.errors import TAP_NAME
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT

FILE = ROOT / "plugin-definition.yml"
PROJECT = ROOT / "meltano.yml"

#: What Meltano needs to know and the tap does not say.
OPTION_LABELS = {
    "personal_data": {"keep": "Keep", "hash": "Hash", "drop": "Drop"},
    "report_bucket_width": {"1d": "Day", "1h": "Hour", "1m": "Minute"},
    "report_revision_check": {
        "totals": "Days whose totals have changed",
        "full": "All days",
    },
}

#: The keywords under which plugin hubs list what reads an API and is built with the SDK.
HUB_KEYWORDS = ("api", "meltano_sdk")

#: Development status, as package indexes name it and as plugin hubs do.
MAINTENANCE = {
    "3 - Alpha": "development",
    "4 - Beta": "beta",
    "5 - Production/Stable": "active",
    "7 - Inactive": "inactive",
}

#: What the entry in `meltano.yml` has in common with the definition. Its defaults are the
#: tap's own, so it repeats none.
SHARED = ("label", "description", "capabilities", "settings_group_validation", "settings")

HEADER = """\
# Definition of the plugin for Meltano and for plugin hubs. Do not edit it: it is made from
# what the tap says of itself, by python -m tests.plugin_definition --write.
#
# To add the plugin to a Meltano project, from a copy of this file or from its address:
#
#   meltano add --from-ref plugin-definition.yml {name}
#   {select}
#
# The second command is needed because the first one leaves the select rules out, and
# without rules Meltano selects all streams. To run another version or a checkout, change
# pip_url, to "-e /path/to/checkout" for instance: in the copy, or in meltano.yml before
# a meltano install.
"""


def setting(name: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a setting as Meltano defines it, with its default as its value."""
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
            {"label": OPTION_LABELS[name][value], "value": value}
            for value in rule["enum"]
            if value is not None
        ]
    return defined


def define() -> dict[str, Any]:
    """Return the definition."""
    with redirect_stdout(io.StringIO()) as told:
        TapClaudeAnalytics.print_about("json")
    about, package = json.loads(told.getvalue()), metadata(TAP_NAME)
    links = dict(link.split(", ") for link in package.get_all("Project-URL") or [])
    repo = links["Homepage"]
    (status,) = (
        classifier.removeprefix("Development Status :: ")
        for classifier in package.get_all("Classifier") or []
        if classifier.startswith("Development Status :: ")
    )
    # What this repository's own project sets is what makes tables of the records.
    (own,) = yaml.safe_load(PROJECT.read_text("utf-8"))["plugins"]["extractors"]
    rules = about["settings"]["properties"]
    for name, value in own["config"].items():
        rules[name]["default"] = value
    streams = TapClaudeAnalytics(validate_config=False, setup_mapper=False).streams
    select = [f"{name}.*" for name in streams if streams[name].selected_by_default]
    docs = f"{repo}/blob/main/docs"
    return {
        "name": about["name"],
        "variant": repo.split("/")[-2],
        "namespace": about["name"].replace("-", "_"),
        "label": "Claude Enterprise Analytics",
        "description": about["description"],
        "docs": f"{repo}#readme",
        "repo": repo,
        "pip_url": f"git+{repo}.git",
        "executable": about["name"],
        # Drawn from the SVG beside it, which hubs do not take.
        "logo_url": f"{repo}/raw/main/.github/logo.png",
        "domain_url": "https://claude.ai/analytics",
        "maintenance_status": MAINTENANCE[status],
        # It is the hub that rates.
        "quality": "unknown",
        "keywords": sorted([*package["Keywords"].split(","), *HUB_KEYWORDS], key=str.lower),
        "supported_python_versions": about["supported_python_versions"],
        "capabilities": sorted(about["capabilities"]),
        "settings_group_validation": [about["settings"]["required"]],
        "settings": [setting(name, rule) for name, rule in rules.items()],
        "select": select,
        "prereq": (
            "A Claude Enterprise organisation, and an Analytics API key with the scope "
            "`read:analytics`, which its Primary Owner creates at "
            "[claude.ai/admin-settings/api-access](https://claude.ai/admin-settings/api-access)."
        ),
        "settings_preamble": (
            "`api_key` is all that a first run needs; `start_date` makes it short. "
            f"[All settings with examples]({docs}/settings.md)."
        ),
        "next_steps": (
            "Select the streams to read, or Meltano selects all of them: "
            f"`{select_command(about['name'], select)}`. Then see that the key can read "
            f"them: `meltano invoke {about['name']} --test`."
        ),
        "usage": (
            f"[What each stream holds]({docs}/streams.md), "
            f"[personal data]({docs}/personal-data.md), [targets]({docs}/targets.md), "
            f"[production]({docs}/production.md) and "
            f"[messages with their answers]({docs}/messages.md)."
        ),
    }


def select_command(name: str, select: Sequence[str]) -> str:
    """Return the command that sets a plugin's select rules."""
    return f"meltano config set {name} _select '{json.dumps(select)}'"


def dump(value: object, *, sort_keys: bool = False) -> str:
    """Return YAML with a line for every text."""
    text: str = yaml.safe_dump(value, sort_keys=sort_keys, allow_unicode=True, width=10_000)
    return text


def definition_text(definition: dict[str, Any]) -> str:
    """Return the definition as it stands in its file."""
    name = definition["name"]
    header = HEADER.format(name=name, select=select_command(name, definition["select"]))
    return header + dump(definition, sort_keys=True)


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
    definition = define()
    if arguments == ["--write"]:
        FILE.write_text(definition_text(definition), encoding="utf-8")
        project = PROJECT.read_text(encoding="utf-8")
        PROJECT.write_text(project_text(definition, project), encoding="utf-8")
    else:
        sys.stdout.write(definition_text(definition))


if __name__ == "__main__":
    main(sys.argv[1:])
