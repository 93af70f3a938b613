"""Filters of the activity and adoption endpoints: ``dimension:value``."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from tap_claude_analytics.common.names import TEAM

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


class Values(NamedTuple):
    """The values of a dimension.

    Attributes:
        pattern: What every value matches.
        text: What is expected, in words.
        are_few: Whether they are a few words of the API, which a log may show.
    """

    pattern: str
    text: str
    are_few: bool = False

    def holds(self, value: str) -> bool:
        """Return whether a value is one of them."""
        return re.fullmatch(self.pattern, value) is not None


def _tagged(tag: str) -> Values:
    return Values(rf"{tag}_[\w-]+", f"an id ({tag}_…)")


def _one_of(*values: str) -> Values:
    return Values("|".join(values), f"one of {', '.join(values)}", are_few=True)


_NAME = Values(r".*\S.*", "a name")
_PROJECT, _USER, _TAGGED_TEAM = map(_tagged, ("claude_proj", "user", "rbac_group"))
_TEAM = Values(f"{_TAGGED_TEAM.pattern}|{_UUID}", f"{_TAGGED_TEAM.text} or a UUID")
_TOOL_PRODUCTS = _one_of(
    "chat", "chat_cowork_unified", "claude_code", "cowork", "office_agent"
)

#: The dimensions that each endpoint supports, and their values.
FILTERS: Mapping[str, Mapping[str, Values]] = MappingProxyType(
    {
        "summaries": {TEAM: _TEAM},
        "users": {"project_id": _PROJECT, TEAM: _TEAM, "user_id": _USER},
        "apps/chat/projects": {"project_id": _PROJECT, TEAM: _TEAM, "user_id": _USER},
        "skills": {
            "product": _TOOL_PRODUCTS,
            TEAM: _TEAM,
            "share_status": _one_of("organization", "private", "public"),
            "skill_name": _NAME,
            "user_id": _USER,
        },
        "connectors": {
            "connector_name": _NAME,
            "product": _TOOL_PRODUCTS,
            TEAM: _TEAM,
            "user_id": _USER,
        },
        "plugins": {
            "plugin_name": _NAME,
            "product": _one_of("chat_cowork_unified", "claude_code", "cowork"),
            TEAM: _TEAM,
            "user_id": _USER,
        },
        "artifacts": {
            "artifact_type": _NAME,
            "is_shared": _one_of("false", "true"),
            "product": _one_of("chat", "chat_cowork_unified", "claude_code", "cowork"),
            TEAM: _TEAM,
            "user_id": _USER,
        },
    }
)


def entry_mistakes(entries: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each filter that no endpoint supports.

    Ids and names are not shown: a user may have typed an e-mail address instead.
    """
    known = sorted({name for taken in FILTERS.values() for name in taken})
    for place, entry in enumerate(entries, start=1):
        dimension, _, value = entry.partition(":")
        kinds = [taken[dimension] for taken in FILTERS.values() if dimension in taken]
        if not kinds:
            yield (
                f"filters has an entry (number {place}) without a known dimension; expected"
                f" dimension:value with one of {', '.join(known)}."
            )
        elif not any(kind.holds(value) for kind in kinds):
            yield _wrong_value(dimension, value, kinds)


def is_tagged_team(value: str) -> bool:
    """Return whether a team is named as in rows, not by its UUID."""
    return _TAGGED_TEAM.holds(value)


def endpoint_mistakes(
    stream: str, path: str, filters: Sequence[str], *, is_grouped: bool
) -> Iterator[str]:
    """Yield a sentence for each filter that the endpoint of a stream does not support."""
    taken = FILTERS.get(path, {})
    dimensions = {entry.partition(":")[0] for entry in filters}
    for dimension in sorted(dimensions - taken.keys()):
        yield (
            f"filters has {dimension}, which stream {stream} does not support; its endpoint"
            f" supports {', '.join(sorted(taken)) or 'none'}."
        )
    for entry in filters:
        dimension, _, value = entry.partition(":")
        if dimension in taken and not taken[dimension].holds(value):
            wrong = _wrong_value(dimension, value, [taken[dimension]])
            yield f"{wrong.removesuffix('.')} for stream {stream}."
    if (
        path == "users"
        and "project_id" in dimensions
        and (is_grouped or TEAM in dimensions)
    ):
        yield (
            f"filters has project_id, which the endpoint of stream {stream} supports"
            f" neither together with {TEAM} nor grouped by it."
        )


def _wrong_value(dimension: str, value: str, kinds: Collection[Values]) -> str:
    shown = f" {value!r:.80}" if any(kind.are_few for kind in kinds) else ""
    texts = " or ".join(dict.fromkeys(kind.text for kind in kinds))
    return f"filters has an invalid value of {dimension}{shown}; expected {texts}."
