"""Writes Singer messages, records many at a time."""

from __future__ import annotations

import sys

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import Message, RecordMessage
from typing_extensions import override


class MessageWriter(MsgSpecWriter):
    """The SDK's fast writer, without a system call per record.

    Whatever is no record goes out at once, so no STATE ever waits.
    """

    @override
    def write_message(self, message: Message) -> None:
        sys.stdout.buffer.write(self.format_message(message))
        if not isinstance(message, RecordMessage):
            sys.stdout.flush()
