"""Standard output: Singer messages, many records at a time."""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
from typing import NoReturn

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import Message, RecordMessage
from typing_extensions import override

from tap_claude_analytics.common.errors import RunFailedError

#: What the operating system says of standard output: its reader has ended, there is no
#: room, or the device fails.
OUTPUT_ERRORS = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
BUFFER_BYTES = 2**16
#: Seconds that a target has to read the last line after a signal.
_FLUSH_SECONDS = 2.0


class MessageWriter(MsgSpecWriter):
    """The fast writer of the SDK, without a system call per record.

    Every other message is flushed at once, so no STATE ever waits.
    """

    @override
    def write_message(self, message: Message) -> None:
        """Write a message.

        Raises:
            RunFailedError: If that is not possible.
        """
        line = self.format_message(message)
        try:
            sys.stdout.buffer.write(line)
            if not isinstance(message, RecordMessage):
                sys.stdout.flush()
        except OSError as error:
            raise output_failed(error) from None


def output_failed(error: OSError) -> RunFailedError:
    """Return why standard output cannot be written, in a sentence."""
    if isinstance(error, BrokenPipeError):
        return RunFailedError(
            "The target has ended and reads no more messages; its own log says why. The"
            " next run goes on after the last state that was saved."
        )
    reason = error.strerror or type(error).__name__
    return RunFailedError(f"Standard output cannot be written: {reason}.")


def end_output() -> RunFailedError | None:
    """Write what is left; return what to say if that is not possible.

    What cannot be written is dropped: else Python would try once more at exit, fail, and
    leave with exit code 120.
    """
    if sys.stdout is None:
        return None
    try:
        sys.stdout.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return output_failed(error)
    return None


def widen_stdout() -> None:
    """Give standard output a larger buffer than its four kilobytes.

    All threads wait for each other each time the buffer is written. If something else has
    replaced the standard output of the process, it stays.

    Raises:
        RunFailedError: If the process has no standard output.
    """
    stdout = sys.__stdout__
    if sys.stdout is None:
        msg = "Standard output is closed, so there is nowhere to write messages to."
        raise RunFailedError(msg)
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
