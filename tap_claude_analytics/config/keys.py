"""What kind of key ``api_key`` is, as its first characters tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap_claude_analytics.common.errors import KEY_ADVICE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ADMIN_KEY = "sk-ant-admin"
#: The streams that an Admin key can read.
_OPEN_TO_ADMIN_KEYS = ("usage", "cost")
#: Keys that open nothing of this API.
_OTHER_KINDS = {
    "sk-ant-api03-": "a key of the Claude API, which is for talking to models",
    "sk-ant-oat01-": "the token of a login, such as that of Claude Code",
}


def key_mistakes(key: str) -> Iterator[str]:
    """Yield a sentence if a key cannot be one of this API; it never shows the key."""
    if not re.fullmatch(r"[!-~]+", key):
        yield (
            "api_key contains a space, a line break or another character that no key has."
            f" Paste it again, exactly as it was shown. {KEY_ADVICE}"
        )
    elif key[0] in "\"'`" or key[-1] in "\"'`":
        yield (
            "api_key has quotes around it. Remove them: docker's --env-file, for instance,"
            " takes quotes for a part of the value."
        )
    for start, kind in _OTHER_KINDS.items():
        if key.startswith(start):
            yield f"api_key is {kind} ({start}…). {KEY_ADVICE}"


def closed_streams_mistake(key: str, selected: Iterable[str]) -> str:
    """Return a sentence if a key cannot open all selected streams, else nothing.

    Args:
        key: The key.
        selected: The selected streams, without those that make no request.
    """
    closed = sorted(set(selected) - set(_OPEN_TO_ADMIN_KEYS))
    if not key.startswith(_ADMIN_KEY) or not closed:
        return ""
    return (
        f"api_key is an Admin key ({_ADMIN_KEY}…), which opens"
        f" {' and '.join(_OPEN_TO_ADMIN_KEYS)} only. It cannot read: {', '.join(closed)}."
        f" Deselect these streams, or use an Analytics API key. {KEY_ADVICE}"
    )
