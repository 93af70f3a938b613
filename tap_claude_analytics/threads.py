"""Threads beside the main one, which alone answers signals."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def start(name: str, work: Callable[[], None]) -> None:
    """Let a thread do some work that the end of the process may cut short."""

    def run() -> None:
        # A signal that came to this thread would not wake the main one from its wait.
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        work()

    threading.Thread(target=run, name=name, daemon=True).start()
