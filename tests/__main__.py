"""Runs the whole check: `python -m tests`, maybe with arguments for pytest."""

from __future__ import annotations

import subprocess
import sys

from tests import ROOT

#: As many at a time as there are processors; each file in one process, for what its tests
#: share, and in the order of their names, which ends with quick ones.
PARALLEL = ("-n", "logical", "--dist", "loadfile", "--no-loadscope-reorder")


def main(arguments: list[str]) -> int:
    """Runs one tool after the other, up to the first that finds something.

    Args:
        arguments: More arguments for pytest.

    Returns:
        The exit code of the last tool that ran.
    """
    code = 0
    for tool in (
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["mypy"],
        ["pytest", *PARALLEL, *arguments],
    ):
        sys.stderr.write(f"$ {' '.join(tool)}\n")
        code = subprocess.run(
            [sys.executable, "-m", *tool], cwd=ROOT, check=False
        ).returncode
        if code:
            break
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
