"""Run the tap with ``python -m tap_claude_analytics``."""

from tap_claude_analytics.tap import TapClaudeAnalytics

if __name__ == "__main__":
    TapClaudeAnalytics.cli()
