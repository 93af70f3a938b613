"""The tap with a clock that is slow, so that today is always the same day."""

from __future__ import annotations

import sys
from unittest import mock

import pendulum

from tap_claude_analytics import clock
from tap_claude_analytics.tap import TapClaudeAnalytics


def main() -> None:
    """Run the tap; the first argument says how many days its clock is slow."""
    days = int(sys.argv.pop(1))

    def now() -> pendulum.DateTime:
        return pendulum.now("UTC").subtract(days=days)

    with mock.patch.object(clock, "now", now):
        TapClaudeAnalytics.cli()


if __name__ == "__main__":
    main()
