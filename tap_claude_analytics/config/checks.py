"""Checks of the configuration: a sentence per mistake, before the first request.

A sentence names the setting, its value and what is expected. It never shows a secret, nor a
URL that may contain a password.
"""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from tap_claude_analytics.common.dates import FLOOR, parse_day
from tap_claude_analytics.common.errors import KEY_ADVICE
from tap_claude_analytics.common.text import shown
from tap_claude_analytics.common.urls import is_loopback
from tap_claude_analytics.config.filters import entry_mistakes
from tap_claude_analytics.config.groupings import grouping_mistakes
from tap_claude_analytics.config.keys import key_mistakes
from tap_claude_analytics.config.map_values import missing_values
from tap_claude_analytics.config.schema import default_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema.exceptions import ValidationError

_REFUSED = {
    "batch_config": (
        "batch_config is not supported: batch files bypass stream maps and deselection,"
        " so personal data would be written unmasked. Remove the setting."
    )
}
#: What each secret setting must be, and advice: its value and its length are never shown.
_SECRETS = {
    "api_key": ("a non-empty string", KEY_ADVICE),
    "personal_data_salt": (
        "a string of at least 16 characters",
        "It is the secret key of the digests of personal_data: hash, and must not change.",
    ),
}
_BOOLEANS = ("true", "1", "yes", "on", "false", "0", "no", "off")
#: Where ids come from, and what they look like.
_IDS = {
    "rbac_group_ids": (
        "field rbac_group_id; expected an id (rbac_group_…), not a name or a UUID"
    ),
    "organization_ids": "field organization_id; expected an id (org_…) or a UUID",
}
_DATE_FORMS = "a date (YYYY-MM-DD) or an RFC 3339 timestamp"


def configuration_mistakes(
    config: Mapping[str, Any],
    schema: Mapping[str, Any],
    unread_key: str | None = None,
) -> list[str]:
    """Return a sentence for every mistake in the configuration; none if it is right.

    Args:
        config: The configuration.
        schema: The schema of the settings.
        unread_key: The environment variable that has a key, if there is one. It is read
            with ``--config=ENV`` only, so if no key is set that option is missing.
    """
    errors = list(Draft202012Validator(schema).iter_errors(dict(config)))
    sentences = dict.fromkeys(
        sentence for error in errors for sentence in _schema_mistakes(error, schema)
    )
    if unread_key is not None and "api_key" not in config:
        missing = f"api_key is not set. The environment has {unread_key}, but variables are"
        others = [text for text in sentences if not text.startswith("api_key is not set")]
        return [f"{missing} read only with the option --config=ENV: add it.", *others]
    return list(sentences) or list(_value_mistakes(config))


def environment_mistakes(
    environment: Mapping[str, str], prefix: str, schema: Mapping[str, Any]
) -> list[str]:
    """Return a sentence for every environment variable that cannot be parsed."""
    return [
        f"{variable} is {_shown_value(environment[variable], rule)}; expected"
        f" {_expected(rule)}."
        for name, rule in schema["properties"].items()
        if (variable := f"{prefix}{name.upper()}") in environment
        and not _parses(environment[variable], rule)
    ]


def unknown_variables(
    environment: Mapping[str, str], prefix: str, schema: Mapping[str, Any]
) -> Iterator[str]:
    """Yield a sentence for every variable with the prefix that is not a setting.

    Meltano has more variables for a plugin: extras (``…__SELECT``), parts of objects
    (``…_STREAM_MAP_CONFIG_SALT``), and settings of plugins that inherit from this one
    (``…_EUROPE_API_KEY``).
    """
    settings = [name.upper() for name in schema["properties"]]
    for variable in sorted(environment):
        name = variable.removeprefix(prefix)
        is_of_meltano = (
            name.startswith("_")
            or "__" in name
            or any(name.startswith(f"{known}_") for known in settings)
            or any(name.endswith(f"_{known}") for known in settings)
        )
        if name == variable or name in {*settings, "LOGLEVEL"} or is_of_meltano:
            continue
        close = difflib.get_close_matches(name, settings, n=1)
        hint = f" Did you mean {prefix}{close[0]}?" if close else ""
        yield f"The environment has {variable}, which is not a setting of this tap.{hint}"


def _shown_value(text: str, rule: Mapping[str, Any]) -> str:
    return "not valid JSON" if {"array", "object"} & set(rule["type"]) else shown(text)


def _parses(text: str, rule: Mapping[str, Any]) -> bool:
    kinds = rule.get("type", [])
    try:
        if "integer" in kinds:
            int(text)
        elif "boolean" in kinds:
            return text.lower() in _BOOLEANS
        elif {"array", "object"} & set(kinds):
            json.loads(text)
    except ValueError:
        return False
    return True


def _schema_mistakes(error: ValidationError, schema: Mapping[str, Any]) -> Iterator[str]:
    properties = schema["properties"]
    instance: Any = error.instance
    setting = str(error.path[0]) if error.path else ""
    rule = properties.get(setting, {})
    if not setting and error.validator == "required":
        required: Any = error.validator_value
        for name in sorted(set(required) - set(instance)):
            expected, advice = _SECRETS[name]
            yield f"{name} is not set; expected {expected}. {advice}"
    elif not setting:
        for name in sorted(set(instance) - set(properties)):
            yield _unknown(name, properties)
    elif rule.get("secret"):
        expected, advice = _SECRETS[setting]
        yield f"{setting} must be {expected}. {advice}"
    elif "items" in rule:
        yield f"{setting} {_list_mistake(error, rule)}."
    elif "object" in rule["type"]:
        # Values in it may be secret, such as a salt, so none is shown.
        closest = best_match([error]) or error
        place = ".".join(str(part) for part in closest.absolute_path)
        yield f"{place} is invalid; expected {_expected_kinds(closest)}."
    else:
        yield f"{setting} is {shown(instance)}; expected {_expected(rule)}."


def _expected_kinds(error: ValidationError) -> str:
    """Return the types that a part of an object may have, besides null."""
    schema: Any = error.schema
    rules = schema.get("anyOf") or schema.get("oneOf") or [schema]
    kinds = dict.fromkeys(kind for rule in rules for kind in _listed(rule.get("type", [])))
    return " or ".join(_a(kind) for kind in kinds if kind != "null") or "null"


def _listed(kinds: str | list[str]) -> list[str]:
    return [kinds] if isinstance(kinds, str) else kinds


def _list_mistake(error: ValidationError, rule: Mapping[str, Any]) -> str:
    """Return what is wrong with a list; its entries are not shown if they may be names."""
    instance: Any = error.instance
    if error.validator == "enum":
        known = ", ".join(rule["items"]["enum"])
        return f"has {shown(instance)}; expected only {known}"
    if error.validator == "uniqueItems":
        return f"is {shown(instance)}; expected each dimension only once"
    if error.validator == "maxItems":
        return f"has {len(instance)} entries; expected at most {rule['maxItems']}"
    if error.validator == "pattern":
        return (
            f"has an entry (number {int(error.path[1]) + 1}) that is not an id as in the"
            f" {_IDS[str(error.path[0])]}"
        )
    return "is invalid; expected a list of strings"


def _unknown(name: str, properties: Mapping[str, Any]) -> str:
    if name in _REFUSED:
        return _REFUSED[name]
    close = difflib.get_close_matches(name, properties, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    known = ", ".join(sorted(properties))
    return f"{name} is not a setting of this tap.{hint} The settings are: {known}."


def _expected(rule: Mapping[str, Any]) -> str:
    kinds = [kind for kind in _listed(rule.get("type", [])) if kind != "null"]
    if rule.get("format") == "date":
        return _DATE_FORMS
    if "enum" in rule:
        return f"one of {', '.join(map(str, filter(None, rule['enum'])))}"
    if "minimum" in rule and "maximum" in rule:
        return f"{_a(kinds[0])} from {rule['minimum']} to {rule['maximum']}"
    filled = "non-empty " if "minLength" in rule else ""
    return " or ".join(_a(f"{filled}{kind}") for kind in kinds) or "another value"


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _value_mistakes(config: Mapping[str, Any]) -> Iterator[str]:
    yield from key_mistakes(config["api_key"])
    if config.get("api_url") is not None:
        yield from _url_mistakes(config["api_url"])
    if config.get("user_agent") is not None:
        yield from _user_agent_mistakes(config["user_agent"])
    yield from missing_values(
        config.get("stream_maps") or {}, config.get("stream_map_config") or {}
    )
    yield from _date_mistakes(config)
    yield from _grouping_mistakes(config)
    yield from entry_mistakes(config.get("filters") or ())
    if config.get("flattening_enabled") and config.get("flattening_max_depth") is None:
        yield (
            "flattening_max_depth is not set; with flattening_enabled it must be the number"
            " of levels to flatten, an integer."
        )


def _url_mistakes(url: str) -> Iterator[str]:
    expected = (
        "expected an https URL without user, password, query and fragment, such as"
        " https://api.anthropic.com, or an http URL of a loopback host."
    )
    if "@" in url:
        yield f"api_url contains a user or a password; {expected}"
        return
    try:
        parts = urlsplit(url)
        _ = parts.port
        has_host = bool(parts.hostname) and "" not in str(parts.hostname).removesuffix(
            "."
        ).split(".")
        requests.Request("GET", url).prepare()
    except (ValueError, requests.RequestException):
        yield f"api_url is {shown(url)}, which is not a URL; {expected}"
        return
    if not re.fullmatch(r"[!-~]+", url) or not has_host:
        yield f"api_url is {shown(url)}; {expected}"
    elif re.search(r"/v1(/|$)|/organizations(/|$)", parts.path):
        yield f"api_url is {shown(url)}, which contains a path of the API; {expected}"
    elif "?" in url or "#" in url:
        yield f"api_url is {shown(url)}, which contains a query or a fragment; {expected}"
    elif parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        yield f"api_url is {shown(url)}, which would send the key unencrypted; {expected}"


def _user_agent_mistakes(user_agent: str) -> Iterator[str]:
    if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", user_agent):
        yield (
            f"user_agent is {shown(user_agent)}; expected printable ASCII without spaces at"
            " either end."
        )


def _grouping_mistakes(config: Mapping[str, Any]) -> Iterator[str]:
    report = config.get("report_group_by")
    report = default_of("report_group_by") if report is None else report
    cost = config.get("cost_group_by")
    yield from grouping_mistakes("report_group_by", report)
    if cost is not None:
        yield from grouping_mistakes("cost_group_by", cost)
    if config.get("rbac_group_ids"):
        for name, chosen in (("report_group_by", report), ("cost_group_by", cost or ())):
            if "claude_tag_user_id" in chosen:
                yield (
                    f"{name} has claude_tag_user_id, which cannot be combined with"
                    " rbac_group_ids."
                )
    if config.get("exclude_deleted_users"):
        for name, chosen in (("report_group_by", report), ("cost_group_by", cost)):
            if chosen is not None and "actor" not in chosen:
                yield (
                    f"exclude_deleted_users is true, but {name} does not have actor; it"
                    " requires a grouping by actor."
                )


def _date_mistakes(config: Mapping[str, Any]) -> Iterator[str]:
    days = {}
    for name in ("start_date", "end_date"):
        value = config.get(name)
        if value is None:
            continue
        try:
            days[name] = parse_day(value)
        except ValueError:
            yield f"{name} is {shown(value)}; expected {_DATE_FORMS}."
    end = days.get("end_date")
    if end is None:
        return
    if end < FLOOR:
        yield f"end_date is {end}, but the API has nothing before {FLOOR}."
    elif (start := days.get("start_date")) is not None and start > end:
        yield f"start_date is {start}, which is after end_date, {end}."
