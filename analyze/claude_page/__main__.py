"""The command line: reads the marts, writes the page."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from claude_page import database, marts
from claude_page.page import Options, render

if TYPE_CHECKING:
    from collections.abc import Sequence

DESCRIPTION = """\
Makes one HTML page of adoption, use and cost from the marts of the dbt package.

The database is the one that dbt builds them in, by the same environment variables:
DBT_TARGET (postgres or duckdb), DBT_SCHEMA, DBT_POSTGRES_HOST, _PORT, _USER, _PASSWORD and
_DATABASE, or DBT_DUCKDB_PATH.
"""


def _plan(name: str) -> str:
    if name not in ("seat", "usage"):
        message = f"must be seat or usage, not {name!r}"
        raise argparse.ArgumentTypeError(message)
    return name


def _parser() -> argparse.ArgumentParser:
    defaults = Options()
    parser = argparse.ArgumentParser(
        prog="claude-analytics-page",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    environment = os.environ.get
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(environment("CLAUDE_PAGE_OUTPUT") or "claude.html"),
        metavar="FILE",
        help="where to write the page (CLAUDE_PAGE_OUTPUT; default: claude.html)",
    )
    parser.add_argument(
        "--organization",
        default=environment("CLAUDE_PAGE_ORGANIZATION") or None,
        metavar="NAME",
        help="which organisation, if the marts have several (CLAUDE_PAGE_ORGANIZATION)",
    )
    parser.add_argument(
        "--title",
        default=environment("CLAUDE_PAGE_TITLE") or None,
        help="what the page calls the organisation (CLAUDE_PAGE_TITLE)",
    )
    parser.add_argument(
        "--plan",
        type=_plan,
        default=environment("CLAUDE_PAGE_PLAN") or None,
        metavar="seat|usage",
        help="the organisation's plan; changes words, not numbers (CLAUDE_PAGE_PLAN)",
    )
    parser.add_argument(
        "--people",
        action="store_true",
        default=environment("CLAUDE_PAGE_PEOPLE", "").lower() == "true",
        help="name the members without activity (CLAUDE_PAGE_PEOPLE=true)",
    )
    parser.add_argument(
        "--smallest-team",
        type=int,
        default=defaults.least_team,
        metavar="N",
        help="teams with fewer people are folded into one row (default: %(default)s)",
    )
    parser.add_argument(
        "--late-after",
        type=int,
        default=defaults.late_after,
        metavar="DAYS",
        help="days after which a stream is said to be behind (default: %(default)s)",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        arguments: Its arguments, by default those of the process.

    Returns:
        Its exit code: 0, or 1 if there is nothing to make a page from.
    """
    given = _parser().parse_args(arguments)
    options = Options(given.title, given.plan, given.smallest_team, given.late_after)
    schema = os.environ.get("DBT_SCHEMA", "claude_analytics")
    try:
        with database.connect(os.environ) as query:
            found = marts.read(query, schema, given.organization, people=given.people)
    except database.DatabaseError as error:
        sys.stderr.write(f"claude-analytics-page: {error}\n")
        return 1
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(render(found, options), encoding="utf-8")
    sys.stderr.write(f"claude-analytics-page: wrote {given.output}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
