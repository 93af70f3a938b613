"""The official package in a plain loop over the users of each day, writing JSON lines.

``python -m tests.benchmark.official DAY ...``
"""

import os
import sys

import anthropic


def main(*days: str) -> None:
    """Write every row as a line of JSON."""
    with anthropic.Anthropic(
        api_key=os.environ["TAP_CLAUDE_ANALYTICS_API_KEY"],
        base_url=os.environ["TAP_CLAUDE_ANALYTICS_API_URL"],
        http_client=anthropic.DefaultHttpxClient(trust_env=False),
    ) as client:
        for day in days:
            for row in client.organization.analytics.users.list(date=day, limit=1000):
                sys.stdout.write(row.to_json(indent=None) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
