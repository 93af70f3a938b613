"""Shifts the clock of a process while it starts, if the environment says so."""

from __future__ import annotations

import os
import sys
import time


def shift_clock(seconds: float, library: str) -> None:
    """Let the clock go on from another instant, for as long as the process runs."""
    # The package would import these to be of use to them, and each takes its time.
    useless = ("pytest", "dateutil")
    sys.modules.update(dict.fromkeys(useless))  # type: ignore[arg-type]
    sys.path.append(library)
    import time_machine  # noqa: PLC0415 - most processes do without

    sys.path.remove(library)
    for name in useless:
        del sys.modules[name]
    time_machine.travel(time.time() + seconds).start()


if "FAKE_CLOCK_SHIFT" in os.environ:
    shift_clock(float(os.environ["FAKE_CLOCK_SHIFT"]), os.environ["FAKE_CLOCK_LIBRARY"])
