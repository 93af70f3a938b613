"""Measure the tap beside a floor and the official package: python -m tests.benchmark.

Whole processes are run against servers in their own processes, and each scenario prints a
table and says which promises its figures keep. Machines differ, so only ratios within
one run mean anything. A whole run takes about ten minutes, a quick one half of that.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .runs import Bench
from .scenarios import HEADER, SCENARIOS, Promise


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the scenarios asked for; 1 if a promise is broken."""
    titles = {name: f"{name}: {measure.__doc__}" for name, measure in SCENARIOS.items()}
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmark",
        description=__doc__,
        epilog="\n".join(["scenarios:", *titles.values()]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="fewer days and rounds")
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help="run these only, in this order"
    )
    asked = parser.parse_args(arguments)
    if unknown := set(asked.scenarios) - SCENARIOS.keys():
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), asked.quick)
        for name in asked.scenarios or SCENARIOS:
            sys.stdout.write(f"{titles[name]}\n{HEADER}\n")
            for each in SCENARIOS[name](bench):
                sys.stdout.write(f"{each}\n")
                kept &= not isinstance(each, Promise) or each.kept
            sys.stdout.write("\n")
            sys.stdout.flush()
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
