"""Another day for processes: the tap, Meltano, targets, and pytest itself.

Python imports a module `sitecustomize` when it starts. The one in the folder `startup`
shifts the clock of the process by as many seconds as the environment says. The variables
below lead any Python there, in whichever virtual environment it is, and are inherited.
Waits and time-outs are as long as ever: only dates and times of day are shifted.
"""

import os
import time
from collections.abc import Mapping
from datetime import date, datetime, timezone
from pathlib import Path

import time_machine

#: Where `sitecustomize` is.
STARTUP = Path(__file__).with_name("startup")


def noon(day: date) -> float:
    """Return noon of a day in UTC, in seconds since 1970.

    A number, because travelling to a `datetime` would change the local time zone too.
    """
    return datetime(day.year, day.month, day.day, 12, tzinfo=timezone.utc).timestamp()


def at(day: date, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which it is another day.

    Args:
        day: The day, whose noon it is now; or the exact instant, with its time zone.
        inherited: All other variables; by default those of this process.
    """
    variables = os.environ if inherited is None else inherited
    moment = day.timestamp() if isinstance(day, datetime) else noon(day)
    paths = [str(STARTUP), *variables.get("PYTHONPATH", "").split(os.pathsep)]
    return {
        **variables,
        "PYTHONPATH": os.pathsep.join(filter(None, dict.fromkeys(paths))),
        "FAKE_CLOCK_SHIFT": str(moment - _real_time()),
        # Other virtual environments do not have it.
        "FAKE_CLOCK_LIBRARY": str(Path(time_machine.__file__).parents[1]),
    }


def _real_time() -> float:
    hatch = time_machine.escape_hatch
    return hatch.time.time() if hatch.is_travelling() else time.time()


def launcher(program: str) -> str:
    """Return a script that starts a program which Meltano has taken PYTHONPATH from."""
    return f"#!/bin/sh\nPYTHONPATH='{STARTUP}' exec {program} \"$@\"\n"
