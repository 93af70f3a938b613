"""The official package in a plain loop over the users of each day, writing JSON lines.

``python -m tests.benchmark.official URL FIRST_DAY DAYS``
"""

from __future__ import annotations

import sys
from datetime import date, timedelta

import anthropic

LIMIT = 1000


def main(url: str, first: str, days: str) -> None:
    """Write every row as a line of JSON."""
    with anthropic.Anthropic(
        api_key="sk-ant-api01-benchmark",
        base_url=url,
        http_client=anthropic.DefaultHttpxClient(trust_env=False),
    ) as client:
        users = client.organization.analytics.users
        for number in range(int(days)):
            day = date.fromisoformat(first) + timedelta(days=number)
            for row in users.list(date=day.isoformat(), limit=LIMIT):
                sys.stdout.write(row.to_json(indent=None) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
