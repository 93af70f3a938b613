"""Where each target writes, and how its output is read."""

from __future__ import annotations

import csv
import json
import subprocess
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import psycopg
from psycopg.rows import dict_row

from tests.sandbox.database import running_database
from tests.system.targets.environment import variables
from tests.system.targets.landed import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.system.targets.environment import Environment

BUCKET = "bucket"

JSON_TYPES = {
    bool: "boolean",
    Decimal: "number",
    dict: "object",
    int: "number",
    str: "string",
}

DUCKDB_COLUMNS = """
    select column_name, data_type from information_schema.columns
    where table_name = ? order by ordinal_position
"""
DUCKDB_KEYS = """
    select unnest(constraint_column_names) from duckdb_constraints()
    where table_name = ? and constraint_type = 'PRIMARY KEY'
"""


class Store(NamedTuple):
    """Where a target writes: the settings that tell it so, and what reads all tables."""

    settings: dict[str, Any]
    read: Callable[[], dict[str, Table]]


def open_store(
    package: str, environment: Environment, folder: Path
) -> AbstractContextManager[Store]:
    """Makes an empty place for a target to write to; it may use an empty folder."""
    return OPENERS[package](environment, folder)


@contextmanager
def _postgresql(_environment: Environment, _folder: Path) -> Iterator[Store]:
    with running_database() as database:

        def read() -> dict[str, Table]:
            tables = {}
            with psycopg.connect(database.url, row_factory=dict_row) as connection:
                for landed in database.landed():
                    name = landed.table
                    types = connection.execute(
                        "select column_name, data_type from information_schema.columns"
                        " where table_schema = 'public' and table_name = %s",
                        [name],
                    )
                    key = connection.execute(
                        "select column_name from information_schema.key_column_usage"
                        " where table_schema = 'public' and table_name = %s",
                        [name],
                    )
                    rows = connection.execute(f'select * from "{name}"'.encode())
                    tables[name] = Table(
                        {row["column_name"]: row["data_type"] for row in types},
                        [row["column_name"] for row in key],
                        rows.fetchall(),
                    )
            return tables

        url = database.sqlalchemy_url
        yield Store({"sqlalchemy_url": url, "default_target_schema": "public"}, read)


@contextmanager
def _duckdb(_environment: Environment, folder: Path) -> Iterator[Store]:
    path = str(folder / "claude.duckdb")

    def read() -> dict[str, Table]:
        tables = {}
        with duckdb.connect(path, read_only=True) as connection:
            for (name,) in connection.execute("show tables").fetchall():
                types = dict(connection.execute(DUCKDB_COLUMNS, [name]).fetchall())
                key = connection.execute(DUCKDB_KEYS, [name]).fetchall()
                rows = connection.execute(f'select * from "{name}"').fetchall()
                tables[name] = Table(
                    types,
                    [column for (column,) in key],
                    [dict(zip(types, row, strict=True)) for row in rows],
                )
        return tables

    yield Store({"path": path, "default_target_schema": "main"}, read)


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

        def read() -> dict[str, Table]:
            asked.write("\n")
            asked.flush()
            tables = json.loads(answers.readline())
            return {name: Table(**table) for name, table in tables.items()}

        with server.stdin as asked, server.stdout as answers:
            host = answers.readline().strip()
            assert host, "the S3 did not start"
            aws = {
                "aws_access_key_id": "key",
                "aws_secret_access_key": "secret",
                "aws_region": "us-east-1",
                "aws_bucket": BUCKET,
                "aws_endpoint_override": f"http://{host}",
            }
            settings = {
                "format": {"format_type": "parquet"},
                "prefix": "claude",
                "cloud_provider": {"cloud_provider_type": "aws", "aws": aws},
            }
            yield Store(settings, read)


@contextmanager
def _csv(_environment: Environment, folder: Path) -> Iterator[Store]:
    def read() -> dict[str, Table]:
        """Reads a file a stream and run."""
        tables: dict[str, Table] = {}
        for path in sorted(folder.glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                types = dict.fromkeys(reader.fieldnames or (), "text")
                name = path.name.split("-")[0]
                table = tables.setdefault(name, Table(types, [], []))
                # Null and empty text look the same.
                table.rows.extend({k: v or None for k, v in row.items()} for row in reader)
        for table in tables.values():
            table.types.update({n: _text_type(table.rows, n) for n in table.types})
        return tables

    yield Store({"output_path": str(folder)}, read)


@contextmanager
def _json_lines(_environment: Environment, folder: Path) -> Iterator[Store]:
    def read() -> dict[str, Table]:
        """Reads a file a stream."""
        tables = {}
        for path in folder.glob("*.jsonl"):
            lines = path.read_text(encoding="utf-8").splitlines()
            rows = [json.loads(line, parse_float=Decimal) for line in lines]
            types = {
                name: JSON_TYPES[type(value)]
                for row in rows
                for name, value in row.items()
                if value is not None
            }
            tables[path.stem] = Table(types, [], rows)
        return tables

    yield Store({"destination_path": str(folder), "do_timestamp_file": False}, read)


OPENERS = {
    "meltanolabs-target-csv": _csv,
    "meltanolabs-target-postgres": _postgresql,
    "plinxore-target-s3": _parquet_on_s3,
    "target-duckdb": _duckdb,
    "target-jsonl": _json_lines,
}


def _text_type(rows: list[dict[str, Any]], name: str) -> str:
    texts = {row[name] for row in rows} - {None}
    if texts and texts <= {"True", "False"}:
        return "True or False"
    return "Python text" if any(text.startswith("{'") for text in texts) else "text"
