"""Measure the tap beside a floor and the official package: python -m tests.benchmark.

Whole processes are run against a server in its own process, and each scenario prints a
table and says which promises its figures keep. Machines differ, so only ratios within
one run mean anything. A whole run takes about ten minutes, a quick one half of that.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .runs import Bench
from .scenarios import SCENARIOS
from .table import render


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the scenarios asked for; 1 if a promise is broken."""
    described = (
        f"  {name:<10}{(measure.__doc__ or '').splitlines()[0]}"
        for name, measure in SCENARIOS.items()
    )
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmark",
        description=__doc__,
        epilog="\n".join(["scenarios:", *described]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer days and rounds, and no minutes' limit"
    )
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help="run these only, in this order"
    )
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.scenarios) - SCENARIOS.keys())
    if unknown:
        parser.error(f"no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    sys.stdout.write(f"Python {platform.python_version()}, {os.cpu_count()} cores\n\n")
    broken = False
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), asked.quick)
        for name in asked.scenarios or SCENARIOS:
            result = SCENARIOS[name](bench)
            sys.stdout.write(f"{render(result)}\n\n")
            sys.stdout.flush()
            broken |= any(promise.kept is False for promise in result.promises)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
