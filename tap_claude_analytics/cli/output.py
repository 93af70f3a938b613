"""Standard output: Singer messages, many records at a time."""

from __future__ import annotations

import io
import os
import sys
import threading
from typing import NoReturn

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import Message, RecordMessage
from typing_extensions import override

BUFFER_BYTES = 2**16
#: Seconds that a target has to read the last line after a signal.
_FLUSH_SECONDS = 2.0


class MessageWriter(MsgSpecWriter):
    """The fast writer of the SDK, without a system call per record.

    Every other message is flushed at once, so no STATE ever waits.
    """

    @override
    def write_message(self, message: Message) -> None:
        sys.stdout.buffer.write(self.format_message(message))
        if not isinstance(message, RecordMessage):
            sys.stdout.flush()


def widen_stdout() -> None:
    """Give standard output a larger buffer than its four kilobytes.

    All threads wait for each other each time the buffer is written. If something else has
    replaced the standard output of the process, it stays.
    """
    stdout = sys.__stdout__
    if stdout is None or sys.stdout is not stdout:
        return
    stdout.flush()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(stdout.fileno(), "w", closefd=False), BUFFER_BYTES),
        encoding="utf-8",
    )


def leave(code: int) -> NoReturn:
    """End the process soon, whatever the target does.

    Python flushes standard output at exit. So that a target gets a whole last line, this
    waits for that, but not forever if the target no longer reads.
    """
    flushing = threading.Thread(target=sys.stdout.flush, daemon=True)
    flushing.start()
    flushing.join(_FLUSH_SECONDS)
    os._exit(code)
