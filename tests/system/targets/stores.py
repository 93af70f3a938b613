"""Where each target writes, and how its output is read."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from psycopg.rows import dict_row

from tests.sandbox.database import Database
from tests.system.targets.environment import variables
from tests.system.targets.files import CSVFiles, JSONLinesFiles
from tests.system.targets.landed import Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.system.targets.environment import Environment

BUCKET = "bucket"


class Store(Protocol):
    """Where a target writes."""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that tell the target so."""

    def read(self) -> dict[str, Table]:
        """Reads everything.

        Returns:
            A table a stream.
        """


@dataclass(frozen=True)
class _PostgreSQL:
    database: Database

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "sqlalchemy_url": self.database.sqlalchemy_url,
            "default_target_schema": "public",
        }

    def read(self) -> dict[str, Table]:
        tables = {}
        with psycopg.connect(self.database.url, row_factory=dict_row) as connection:
            for landed in self.database.landed():
                name = landed.table
                types = connection.execute(
                    "select column_name, data_type from information_schema.columns"
                    " where table_schema = 'public' and table_name = %s",
                    [name],
                ).fetchall()
                key = connection.execute(
                    "select column_name from information_schema.key_column_usage"
                    " where table_schema = 'public' and table_name = %s",
                    [name],
                ).fetchall()
                rows = connection.execute(f'select * from "{name}"'.encode()).fetchall()
                tables[name] = Table(
                    {row["column_name"]: row["data_type"] for row in types},
                    [row["column_name"] for row in key],
                    rows,
                )
        return tables


@dataclass(frozen=True)
class _DuckDB:
    environment: Environment
    path: Path

    @property
    def settings(self) -> dict[str, Any]:
        return {"path": str(self.path), "default_target_schema": "main"}

    def read(self) -> dict[str, Table]:
        return _tables(self.environment.ask("read_duckdb", self.path))


@dataclass(frozen=True)
class _ParquetOnS3:
    environment: Environment
    host: str

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "format": {"format_type": "parquet"},
            "prefix": "claude",
            "cloud_provider": {
                "cloud_provider_type": "aws",
                "aws": {
                    "aws_access_key_id": "key",
                    "aws_secret_access_key": "secret",
                    "aws_region": "us-east-1",
                    "aws_bucket": BUCKET,
                    "aws_endpoint_override": f"http://{self.host}",
                },
            },
        }

    def read(self) -> dict[str, Table]:
        return _tables(self.environment.ask("read_parquet", self.host, BUCKET))


def open_store(
    package: str, environment: Environment, folder: Path
) -> AbstractContextManager[Store]:
    """Makes an empty place for a target to write to.

    Args:
        package: The target's package.
        environment: Where the target is installed.
        folder: Where it may write, empty.

    Returns:
        The place, to be used in a `with`.
    """
    return OPENERS[package](environment, folder)


@contextmanager
def _postgresql(_environment: Environment, _folder: Path) -> Iterator[Store]:
    with Database() as database:
        yield _PostgreSQL(database)


@contextmanager
def _duckdb(environment: Environment, folder: Path) -> Iterator[Store]:
    yield _DuckDB(environment, folder / "claude.duckdb")


@contextmanager
def _parquet_on_s3(environment: Environment, _folder: Path) -> Iterator[Store]:
    with subprocess.Popen(
        environment.script("serve_s3", BUCKET),
        env=variables(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        with server.stdin:
            host = server.stdout.readline().strip()
            assert host, "the S3 did not start"
            yield _ParquetOnS3(environment, host)


@contextmanager
def _csv(_environment: Environment, folder: Path) -> Iterator[Store]:
    yield CSVFiles(folder)


@contextmanager
def _json_lines(_environment: Environment, folder: Path) -> Iterator[Store]:
    yield JSONLinesFiles(folder)


OPENERS = {
    "meltanolabs-target-csv": _csv,
    "meltanolabs-target-postgres": _postgresql,
    "plinxore-target-s3": _parquet_on_s3,
    "target-duckdb": _duckdb,
    "target-jsonl": _json_lines,
}


def _tables(text: str) -> dict[str, Table]:
    return {name: Table(**table) for name, table in json.loads(text).items()}
