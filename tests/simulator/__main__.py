"""Run the simulator as a process: `python -m tests.simulator`."""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
import threading
from datetime import date
from typing import TYPE_CHECKING

from .endpoints import BASE_PATH
from .options import Options
from .simulation import Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    for option in dataclasses.fields(Options):
        flag = f"--{option.name.replace('_', '-')}"
        text, default = option.metadata["help"], option.default
        if isinstance(default, bool):
            switch = argparse.BooleanOptionalAction
            parser.add_argument(flag, action=switch, default=default, help=text)
        else:
            kind = date.fromisoformat if option.name == "today" else type(default)
            parser.add_argument(
                flag, type=kind, default=default, metavar="VALUE", help=text
            )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    parser = _parser()
    try:
        options = Options(**vars(parser.parse_args(arguments)))
    except ValueError as error:
        parser.error(str(error))
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
