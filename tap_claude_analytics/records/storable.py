"""Text and integers that JSON can hold and databases refuse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.common.names import ADDITIONAL_FIELDS
from tap_claude_analytics.common.text import field_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tap_claude_analytics.records.day import Record

#: A NUL, a surrogate (escaped or as bytes) or a number of 19 digits and more.
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]|[0-9]{19}")
#: NUL and lone surrogates: a pair of surrogates is one character once decoded.
_REFUSED = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\ufffd"
_INTEGERS = range(-(2**63), 2**63)


def is_suspect(body: bytes) -> bool:
    """Return whether a body may hold what databases refuse; hardly any does."""
    return _SUSPECT.search(body) is not None


def has_nul(body: bytes) -> bool:
    """Return whether a body may hold a NUL, which JSON can only write as an escape."""
    # Finding a single byte is much faster than finding several.
    return b"\\" in body and b"\\u0000" in body


def make_storable(
    record: Record, keys: Collection[str], note: Callable[[str], None]
) -> None:
    """Replace NULs and lone surrogates in the texts of a record by U+FFFD.

    Args:
        record: The record, edited in place.
        keys: The key columns, in which nothing is replaced: two keys could become one.
        note: Called with the path of each text that is changed.

    Raises:
        RowError: If a key would have to be changed, or if an integer has more than 64 bits;
            with the path of the field.
    """
    for name in keys:
        value = record.get(name)
        if isinstance(value, str) and _REFUSED.search(value):
            msg = (
                f"a row whose {name} contains a NUL or half a surrogate pair, which"
                " databases refuse and which cannot be replaced in a key"
            )
            raise RowError(msg)
    _clean_object(record, "", note)


def _clean_object(value: dict[str, Any], path: str, note: Callable[[str], None]) -> None:
    for name in list(value):
        clean_name = _clean_text(name, path, note)
        if clean_name != name and clean_name in value:
            msg = f"a row with two fields in {path} that have the same name for a database"
            raise RowError(msg)
        value[clean_name] = _clean(value.pop(name), _below(path, clean_name), note)


def _below(path: str, name: str) -> str:
    """Return the path of a field; of an unknown one, only where it is kept."""
    if path.startswith(f"{ADDITIONAL_FIELDS}."):
        return path
    return f"{path}.{field_name(name)}" if path else field_name(name)


def _clean(value: Any, path: str, note: Callable[[str], None]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return _clean_text(value, path, note)
    if isinstance(value, dict):
        _clean_object(value, path, note)
    elif isinstance(value, list):
        return [_clean(item, f"{path}[]", note) for item in value]
    elif isinstance(value, int) and value not in _INTEGERS:
        msg = (
            f"a row with an integer of more than 64 bits in {path}, which databases refuse"
        )
        raise RowError(msg)
    return value


def _clean_text(text: str, path: str, note: Callable[[str], None]) -> str:
    if not _REFUSED.search(text):
        return text
    note(path)
    return _REFUSED.sub(_REPLACEMENT, text)
