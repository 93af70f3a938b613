"""What ``--about`` says besides what the SDK says: its settings in words, and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_claude_analytics.sdk import SdkStream

#: Titles and descriptions of the settings of the SDK, in the style of those of the tap.
BUILTIN_SETTINGS = {
    "stream_maps": (
        "Stream maps",
        "Changes to streams and records on their way out, by stream.",
    ),
    "stream_map_config": (
        "Stream map configuration",
        "Values that expressions of stream maps can use.",
    ),
    "faker_config": (
        "Faker configuration",
        'Options of the generator "fake" in stream maps, if faker is installed.',
    ),
    "flattening_enabled": (
        "Flattening",
        "Whether nested objects become columns of their own.",
    ),
    "flattening_max_depth": (
        "Flattening depth",
        "How many levels below the top are flattened; needed with flattening_enabled.",
    ),
    "flattening_max_key_length": (
        "Flattened name length",
        "Flattened names of this length or more are abbreviated; 64 suits PostgreSQL.",
    ),
    "flattening_separator": (
        "Flattening separator",
        "What stands between the parts of a flattened name, by default two underscores.",
    ),
}


def describe_builtin_settings(properties: dict[str, Any]) -> None:
    """Give the settings of the SDK the titles and descriptions above."""
    for name, (title, description) in BUILTIN_SETTINGS.items():
        # The dictionaries of the SDK are not edited.
        properties[name] = {**properties[name], "title": title, "description": description}


def streams_markdown(streams: Iterable[SdkStream]) -> str:
    """Return a section on the streams: their keys, and what a record of each is."""
    lines = [
        "## Streams",
        "",
        "| Stream | Default | Key | A record is |",
        "|:-------|:-------:|:----|:------------|",
    ]
    for stream in streams:
        default = "yes" if stream.selected_by_default else "no"
        keys = ", ".join(stream.primary_keys)
        lines.append(f"| {stream.name} | {default} | {keys} | {stream.record} |")
    return "\n".join(lines)
