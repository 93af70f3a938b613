"""Stream maps that would do nothing, or not what they say.

The SDK ignores an entry that fits no stream and the removal of a field that does not exist,
and of two entries that fit one stream it uses only the last: a mask could be left out
without a word.
"""

from __future__ import annotations

import difflib
import fnmatch
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_SOURCE = "__source__"
_REMOVALS = (None, "__NULL__")


def stream_map_mistakes(
    maps: Mapping[str, Any], fields: Mapping[str, Collection[str]]
) -> Iterator[str]:
    """Yield a sentence for each entry that misses.

    New columns, and copies of streams under another name, are no mistakes.

    Args:
        maps: The setting.
        fields: The fields of each stream, at the top level.
    """
    first_entries: dict[str, str] = {}
    for entry, rules in maps.items():
        if entry.startswith("__"):
            continue
        is_copy = isinstance(rules, dict) and _SOURCE in rules
        pattern = str(rules[_SOURCE]) if is_copy else entry
        streams = [name for name in fields if fnmatch.fnmatch(name, pattern)]
        if not streams:
            yield (
                f"stream_maps has an entry for {pattern}, which is no stream of this tap."
                f"{_hint(pattern, fields)}"
            )
        if not is_copy:
            for stream in streams:
                other = first_entries.setdefault(stream, entry)
                if other != entry:
                    yield (
                        f"stream_maps has two entries for stream {stream}, {other} and"
                        f" {entry}, of which only the last would be used. Write what both"
                        " do into one."
                    )
        if streams and isinstance(rules, dict):
            known = {field for stream in streams for field in fields[stream]}
            yield from _removal_mistakes(entry, rules, known)


def _removal_mistakes(
    entry: str, rules: Mapping[str, Any], known: Collection[str]
) -> Iterator[str]:
    for field, rule in rules.items():
        if field.startswith("__") or field in known or rule not in _REMOVALS:
            continue
        yield (
            f"stream_maps removes {field} from {entry}, which has no such field at the top"
            f" level; flattened names come later.{_hint(field, known)}"
        )


def _hint(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, [*known], n=1)
    return f" Did you mean {close[0]}?" if close else ""
