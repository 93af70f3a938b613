"""Run the simulator as a process: `python -m tests.simulator`."""

import argparse
import dataclasses
import signal
import sys
import threading
from datetime import date
from typing import Any

from .endpoints import BASE_PATH
from .options import GENERATIONS, Options
from .simulation import Simulator


def main() -> int:
    """Serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    for option in dataclasses.fields(Options):
        flag = f"--{option.name.replace('_', '-')}"
        how: dict[str, Any] = {"help": option.metadata["help"], "default": option.default}
        if isinstance(option.default, bool):
            how |= {"action": argparse.BooleanOptionalAction}
        else:
            kind = date.fromisoformat if option.name == "today" else type(option.default)
            how |= {"type": kind, "metavar": "VALUE"}
            how["choices"] = GENERATIONS if option.name == "generation" else None
        parser.add_argument(flag, **how)
    options = Options(**vars(parser.parse_args()))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Simulator(options) as simulator:
        sys.stdout.write(
            f"Analytics API at {simulator.url}{BASE_PATH}\nx-api-key: {options.api_key}\n"
        )
        sys.stdout.flush()
        # Waiting in short steps leaves room for signals on every platform.
        while not stop.wait(0.5):
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
