"""Reads rows from PostgreSQL or DuckDB: the only code that knows which of them it is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb
import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Row: TypeAlias = "Mapping[str, Any]"
#: Runs a statement with parameters `$1`, `$2`, … and returns its rows.
Query: TypeAlias = "Callable[[str, Sequence[str]], list[Row]]"


class DatabaseError(Exception):
    """The database cannot be read, or has nothing to make a page from."""


@contextmanager
def connect(environment: Mapping[str, str]) -> Iterator[Query]:
    """Connect to the database that dbt has built the marts in.

    Args:
        environment: Variables as `transform/profiles.yml` reads them: `DBT_TARGET`
            (`postgres` or `duckdb`), `DBT_DUCKDB_PATH`, `DBT_POSTGRES_HOST` and so on.

    Yields:
        What runs a query.

    Raises:
        DatabaseError: There is no such database, or a statement failed.
    """
    target = environment.get("DBT_TARGET", "postgres")
    opened = {"postgres": _postgres, "duckdb": _duckdb}.get(target)
    if opened is None:
        message = f"DBT_TARGET must be postgres or duckdb, not {target!r}"
        raise DatabaseError(message)
    try:
        with opened(environment) as query:
            yield query
    except (duckdb.Error, psycopg.Error) as error:
        message = f"cannot read the {target} database: {error}"
        raise DatabaseError(message) from error


@contextmanager
def _postgres(environment: Mapping[str, str]) -> Iterator[Query]:
    connection = psycopg.connect(
        host=environment.get("DBT_POSTGRES_HOST", "localhost"),
        port=environment.get("DBT_POSTGRES_PORT", "5432"),
        user=environment.get("DBT_POSTGRES_USER", "postgres"),
        password=environment.get("DBT_POSTGRES_PASSWORD", ""),
        dbname=environment.get("DBT_POSTGRES_DATABASE", "postgres"),
        application_name="claude-analytics-page",
    )
    connection.read_only = True
    # All queries see the same state, even while dbt builds.
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with connection, psycopg.RawCursor(connection) as cursor:

        def query(statement: str, parameters: Sequence[str]) -> list[Row]:
            found = cursor.execute(statement.encode(), list(parameters))
            return _rows(found.description or (), found.fetchall())

        yield query


@contextmanager
def _duckdb(environment: Mapping[str, str]) -> Iterator[Query]:
    path = environment.get("DBT_DUCKDB_PATH", "claude.duckdb")
    with duckdb.connect(path, read_only=True) as connection:

        def query(statement: str, parameters: Sequence[str]) -> list[Row]:
            found = connection.execute(statement, list(parameters))
            return _rows(found.description or (), found.fetchall())

        yield query


def _rows(columns: Sequence[Any], cells: Sequence[Sequence[Any]]) -> list[Row]:
    names = [column[0] for column in columns]
    return [dict(zip(names, row, strict=True)) for row in cells]
