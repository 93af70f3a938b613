"""Run the tap: the command ``tap-claude-analytics``, and ``python -m`` with the package."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version

NAME = "tap-claude-analytics"


def main() -> None:
    """Run the command line.

    What it needs takes about a second to import, which is too long to wait for a version.
    """
    if sys.argv[1:] == ["--version"]:
        # As the SDK says it.
        sys.stdout.write(f"{NAME} v{version(NAME)}, Meltano SDK v{version('singer-sdk')}\n")
        return
    import_module("tap_claude_analytics.common.memory").return_large_blocks()
    import_module("tap_claude_analytics.tap").TapClaudeAnalytics.cli()


if __name__ == "__main__":
    main()
