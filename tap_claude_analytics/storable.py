"""What JSON can hold and databases refuse: found per page, put right per record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_claude_analytics.answers import told_name
from tap_claude_analytics.errors import UnexpectedRowError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from singer_sdk.helpers.types import Record

#: Where fields are kept that the schema does not know.
ADDITIONAL_FIELDS = "additional_fields"

#: A NUL, a surrogate (escaped or as bytes) or a number of 19 digits and more.
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]|[0-9]{19}")
#: NUL, and surrogates that are left alone: a pair of them has become one character.
_REFUSED = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\ufffd"
_INTEGERS = range(-(2**63), 2**63)


def is_suspect(body: bytes) -> bool:
    """Tell whether a body may hold what databases refuse; hardly any does."""
    return _SUSPECT.search(body) is not None


def has_nul(body: bytes) -> bool:
    """Tell whether a body may hold a NUL, which JSON can only write as an escape."""
    # A single byte is found much faster than several.
    return b"\\" in body and b"\\u0000" in body


def make_storable(
    record: Record, keys: Collection[str], note: Callable[[str], None]
) -> None:
    """Replace NULs and lone surrogates in a record's texts by U+FFFD.

    Args:
        record: What to change.
        keys: The key columns, in which nothing may be replaced: two keys could become one.
        note: Called with the path of each text that is changed.

    Raises:
        UnexpectedRowError: If a key would have to be changed, or if an integer has more
            than 64 bits; with the field's path.
    """
    for name in keys:
        value = record.get(name)
        if isinstance(value, str) and _REFUSED.search(value):
            msg = (
                f"answered a {name} that holds a NUL or half a character, which databases"
                " refuse and which cannot be replaced in a key"
            )
            raise UnexpectedRowError(msg)
    _clean_object(record, "", note)


def _clean_object(value: dict[str, Any], path: str, note: Callable[[str], None]) -> None:
    for name in list(value):
        clean_name = _clean_text(name, path, note)
        if clean_name != name and clean_name in value:
            msg = f"answered two fields under {path} that databases take for one"
            raise UnexpectedRowError(msg)
        value[clean_name] = _clean(value.pop(name), _below(path, clean_name), note)


def _below(path: str, name: str) -> str:
    """Return the path of a field; of one not known, no more than where it is kept."""
    if path.startswith(f"{ADDITIONAL_FIELDS}."):
        return path
    return f"{path}.{told_name(name)}" if path else told_name(name)


def _clean(value: Any, path: str, note: Callable[[str], None]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return _clean_text(value, path, note)
    if isinstance(value, dict):
        _clean_object(value, path, note)
    elif isinstance(value, list):
        return [_clean(item, f"{path}[]", note) for item in value]
    elif isinstance(value, int) and value not in _INTEGERS:
        msg = (
            f"answered an integer of more than 64 bits in the field {path}, which databases"
            " refuse"
        )
        raise UnexpectedRowError(msg)
    return value


def _clean_text(text: str, path: str, note: Callable[[str], None]) -> str:
    if not _REFUSED.search(text):
        return text
    note(path)
    return _REFUSED.sub(_REPLACEMENT, text)
