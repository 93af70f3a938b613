"""The values that expressions of stream maps look up, such as the salt of a hash."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def missing_values(
    stream_maps: Mapping[str, object], values: Mapping[str, object]
) -> Iterator[str]:
    """Yield a sentence for every value that stream maps need and that is not set.

    An empty value counts as none: a hash with an empty salt protects nobody.

    Args:
        stream_maps: The setting of that name.
        values: The setting ``stream_map_config``.
    """
    needed: dict[str, list[str]] = {}
    for stream, stream_map in stream_maps.items():
        for name in sorted(_looked_up(stream_map)):
            needed.setdefault(name, []).append(stream)
    for name, streams in needed.items():
        value = values.get(name)
        if value is None or value == "":
            yield (
                f"stream_map_config.{name} is not set, but the stream maps of"
                f" {', '.join(streams)} need it. Set it; in Meltano, the plugin must also"
                " declare the setting stream_map_config."
            )


def _looked_up(stream_map: object) -> set[str]:
    """Return the names in ``config['name']`` of all expressions of a stream's map."""
    if isinstance(stream_map, dict):
        return {name for value in stream_map.values() for name in _looked_up(value)}
    if not isinstance(stream_map, str):
        return set()
    try:
        nodes = [*ast.walk(ast.parse(stream_map.strip(), mode="eval"))]
    except SyntaxError:
        return set()  # The SDK refuses it, unless it is a name or the like.
    return {
        str(node.slice.value)
        for node in nodes
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "config"
        and isinstance(node.slice, ast.Constant)
    }
