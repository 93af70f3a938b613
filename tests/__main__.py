"""Runs the whole check: `python -m tests`, maybe with arguments for pytest.

`--fast` leaves out the tests that start processes (those in tests/system) and those that
take long. `--coverage` measures which branches of the tap ran, in this and in all other
processes. With `--today 2027-07-04` the tests run as if it were that day, and with an
instant such as 2026-12-31T23:59:50 as if it were that moment (UTC) when they begin.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone

from tests import ROOT, fake_clock

#: As many at a time as there are processors; each file in one process, for what its tests
#: share, and in the order of their names, which ends with quick ones.
PARALLEL = ("-n", "logical", "--dist", "loadfile", "--no-loadscope-reorder")
FAST = ("-m", "not slow", "--ignore=tests/system")


def main(arguments: list[str]) -> int:
    """Run one tool after the other, up to the first that finds something."""
    parser = argparse.ArgumentParser(
        prog="python -m tests",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--today", type=_moment)
    options, others = parser.parse_known_args(arguments)
    environment = dict(os.environ)
    # Hundreds of processes are started that would all compile the same modules.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if not os.access(ROOT, os.W_OK):
        environment |= {"RUFF_NO_CACHE": "true", "MYPY_CACHE_DIR": os.devnull}
    for linter in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
        if code := _run(linter, environment):
            return code
    pytest = ["pytest", *PARALLEL, *(FAST if options.fast else ()), *others]
    if options.coverage:
        code = _run(["coverage", "run", "-m", *pytest], environment)
        _run(["coverage", "combine", "--quiet"], environment)
        return _run(["coverage", "report"], environment) or code
    if options.today is None:
        return _run(pytest, environment)
    with tempfile.TemporaryDirectory() as folder:
        # Or pytest would take the folders of other runs for old ones, and remove them.
        environment["PYTEST_DEBUG_TEMPROOT"] = folder
        return _run(pytest, fake_clock.at(options.today, environment))


def _moment(text: str) -> date:
    """Read a day, or an instant in UTC."""
    if "T" in text:
        return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
    return date.fromisoformat(text)


def _run(tool: Sequence[str], environment: Mapping[str, str]) -> int:
    sys.stderr.write(f"$ {' '.join(tool)}\n")
    command = [sys.executable, "-m", *tool]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
