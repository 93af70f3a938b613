"""Texts of the API and values of settings, made fit for a log line."""

from __future__ import annotations

import re

_MESSAGE_LIMIT = 400
_VALUE_LIMIT = 80

_KEY = re.compile(r"sk-ant-[\w-]+")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PRIVATE = (
    (_KEY, "[key]"),
    (re.compile(r'[^\s"<>]+(?:@|%40)[^\s"<>]+'), "[e-mail]"),
)


def without_keys(text: str) -> str:
    """Return a text with every key replaced."""
    return _KEY.sub("[key]", text)


def scrub(text: str) -> str:
    """Return text of the API on one line, shortened, without keys and e-mail addresses."""
    for pattern, name in _PRIVATE:
        text = pattern.sub(name, text)
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:_MESSAGE_LIMIT]


def field_name(name: str) -> str:
    """Return the name of a field; a name of another form may be that of a person."""
    return name if _FIELD_NAME.fullmatch(name) else "[name]"


def shown(value: object) -> str:
    """Return the value of a setting on one line, shortened."""
    text = repr(value)
    return text if len(text) <= _VALUE_LIMIT else f"{text[:_VALUE_LIMIT]}…"
