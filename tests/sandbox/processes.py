"""Which processes run on this machine."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import NamedTuple

import psutil


class Process(NamedTuple):
    """A process: its number, its group's number and its command line."""

    pid: int
    group: int
    command: str


def list_running() -> list[Process]:
    """Lists the processes that run.

    Dead ones that their parent did not ask after yet run no more, although they can
    still be sent a signal. In a container that can be so for a long time.

    Returns:
        The processes.
    """
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        command = " ".join(process.info["cmdline"] or [])
        with suppress(PermissionError, ProcessLookupError):
            found.append(Process(process.pid, os.getpgid(process.pid), command))
    return found
