"""A process that has imported the tap already and forks for every run.

Importing takes about a second, and there are hundreds of runs. What runs is a process of
its own all the same, which starts and ends as any other. The test's process could not
fork: it has threads.

The other end of the socket whose number is the first argument sends either the name and
arguments of a program with its three standard files, and gets its process id, or such an
id, and gets the exit code once that process has ended. A 0 says that the server is ready.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
from typing import TYPE_CHECKING

from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.system.kill_points import target

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMS: dict[str, Callable[[], None]] = {
    "tap": TapClaudeAnalytics.cli,
    "target": target.main,
}
#: What is sent once all is imported.
READY = b"0"
#: More bytes than any order has.
MOST_BYTES = 65536


def serve(channel: socket.socket) -> Callable[[], None] | None:
    """Obey; return the program to run in every forked process, and None at the end."""
    channel.sendall(READY)
    while True:
        text, files, _, _ = socket.recv_fds(channel, MOST_BYTES, 3)
        if not text:
            return None
        order = json.loads(text)
        if isinstance(order, int):
            _, status = os.waitpid(order, 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                channel.close()
                for number, file in enumerate(files):
                    os.dup2(file, number)
                    os.close(file)
                name, *sys.argv[1:] = order
                return PROGRAMS[name]
            for file in files:
                os.close(file)
        channel.sendall(json.dumps(answer).encode())


if __name__ == "__main__":
    # Or every process would copy all that is imported, when it collects garbage.
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as other_end:
        program = serve(other_end)
    if program is not None:
        program()
