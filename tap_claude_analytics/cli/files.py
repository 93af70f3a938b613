"""The files that options name: configuration, catalog and state."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.common.text import without_keys

if TYPE_CHECKING:
    from collections.abc import Callable


def read_text(option: str, path: str) -> str:
    """Return the text of a file.

    Raises:
        RunFailedError: If it cannot be read, or if it is a key.
    """
    _refuse_key(option, path)
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{option} {path} cannot be read: {error.strerror}."
        raise RunFailedError(msg) from None
    except UnicodeDecodeError:
        msg = f"{option} {path} is not a text file in UTF-8."
        raise RunFailedError(msg) from None


def write_text(option: str, path: str, text: str) -> None:
    """Write a text into a file.

    Raises:
        RunFailedError: If that is not possible, or if the path is a key.
    """
    _refuse_key(option, path)
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{option} {path} cannot be written: {error.strerror}."
        raise RunFailedError(msg) from None


def _refuse_key(option: str, path: str) -> None:
    if without_keys(path) != path:
        msg = (
            f"{option} has a key where the name of a file belongs. Put the key into the"
            " environment variable TAP_CLAUDE_ANALYTICS_API_KEY and use --config=ENV, or"
            ' put it into a file: {"api_key": "…"}.'
        )
        raise RunFailedError(msg)


def read_json_object(option: str, text: str) -> dict[str, Any]:
    """Return the JSON object in the file of an option.

    Raises:
        RunFailedError: If the file contains something else.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        msg = f"{option} is not valid JSON: {error}."
        raise RunFailedError(msg) from None
    if not isinstance(value, dict):
        msg = f"{option} is a JSON {type(value).__name__}; expected an object."
        raise RunFailedError(msg)
    return value


def checked(
    option: str, file: IO[str] | None, check: Callable[[dict[str, Any]], object]
) -> IO[str] | None:
    """Return a file with the same text, once its content has been checked.

    Raises:
        RunFailedError: If the content is wrong.
    """
    if file is None:
        return None
    try:
        text = file.read()
    except UnicodeDecodeError:
        msg = f"{option} is not a text file in UTF-8."
        raise RunFailedError(msg) from None
    check(read_json_object(option, text))
    return io.StringIO(text)


def check_catalog(catalog: dict[str, Any]) -> None:
    """Refuse a catalog that the SDK could not read.

    Raises:
        RunFailedError: If an entry has no name, or no schema with properties.
    """
    streams = catalog.get("streams")
    if not isinstance(streams, list) or not all(map(_is_catalog_entry, streams)):
        msg = (
            "--catalog is not a Singer catalog; expected the output of --discover,"
            ' {"streams": [{"tap_stream_id": …, "schema": {"properties": …}, …}]}.'
        )
        raise RunFailedError(msg)


def _is_catalog_entry(value: object) -> bool:
    schema = value.get("schema") if isinstance(value, dict) else None
    return (
        isinstance(value, dict)
        and isinstance(value.get("tap_stream_id"), str)
        and isinstance(schema, dict)
        and isinstance(schema.get("properties"), dict)
    )
