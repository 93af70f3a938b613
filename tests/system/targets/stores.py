"""Where each target writes, and how its output is read."""

import csv
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from tests.sandbox.database import running_database
from tests.system.targets.environment import variables
from tests.system.targets.landed import Table
from tests.system.warehouse import Row, query

JSON_TYPES = {
    bool: "boolean",
    Decimal: "number",
    dict: "object",
    int: "number",
    str: "string",
}
#: All columns of all tables, in PostgreSQL and in DuckDB.
COLUMNS = """
    select table_name, column_name, data_type, keys.constraint_name is not null as is_key
    from information_schema.columns
    left join information_schema.key_column_usage as keys
        using (table_schema, table_name, column_name)
    where table_schema = 'landed'
    order by table_name
"""


class Store(NamedTuple):
    """Where a target writes: the settings that tell it so, and what reads it once."""

    settings: dict[str, Any]
    read: Callable[[], dict[str, Table]]


def tables_of(query: Callable[[str], list[Row]]) -> dict[str, Table]:
    """Return the tables of a database that answers a query with rows."""
    tables = {}
    for name, of_table in groupby(query(COLUMNS), itemgetter("table_name")):
        columns = list(of_table)
        tables[name] = Table(
            {column["column_name"]: column["data_type"] for column in columns},
            [column["column_name"] for column in columns if column["is_key"]],
            query(f'select * from landed."{name}"'),
        )
    return tables


@contextmanager
def _postgresql(_programs: Path, _folder: Path) -> Iterator[Store]:
    with running_database() as database:

        def read() -> dict[str, Table]:
            with psycopg.connect(database.url, row_factory=dict_row) as connection:
                return tables_of(lambda text: connection.execute(text.encode()).fetchall())

        url = database.sqlalchemy_url
        yield Store({"sqlalchemy_url": url, "default_target_schema": "landed"}, read)


@contextmanager
def _duckdb(_programs: Path, folder: Path) -> Iterator[Store]:
    path = folder / "claude.duckdb"
    settings = {"path": str(path), "default_target_schema": "landed"}
    yield Store(settings, lambda: tables_of(partial(query, path)))


@contextmanager
def _parquet_on_s3(programs: Path, _folder: Path) -> Iterator[Store]:
    with subprocess.Popen(
        [str(programs / "python"), str(Path(__file__).with_name("serve_s3.py"))],
        env=variables(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout
        host = server.stdout.readline().strip()
        assert host, "the S3 did not start"

        def read() -> dict[str, Table]:
            tables = json.loads(server.communicate()[0])
            return {name: Table(**table) for name, table in tables.items()}

        aws = {
            "aws_access_key_id": "key",
            "aws_secret_access_key": "secret",
            "aws_region": "us-east-1",
            "aws_bucket": "bucket",
            "aws_endpoint_override": f"http://{host}",
        }
        settings = {
            "format": {"format_type": "parquet"},
            "prefix": "claude",
            "cloud_provider": {"cloud_provider_type": "aws", "aws": aws},
        }
        yield Store(settings, read)


@contextmanager
def _csv(_programs: Path, folder: Path) -> Iterator[Store]:
    def read() -> dict[str, Table]:
        tables: dict[str, Table] = {}
        for path in sorted(folder.glob("*.csv")):  # one a stream and run
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                types = dict.fromkeys(reader.fieldnames or (), "text")
                table = tables.setdefault(path.name.split("-")[0], Table(types, [], []))
                # Null and empty text look the same.
                table.rows.extend({k: v or None for k, v in row.items()} for row in reader)
        for table in tables.values():
            for name in table.types:
                texts = {row[name] for row in table.rows} - {None}
                if texts and texts <= {"True", "False"}:
                    table.types[name] = "True or False"
                elif any(text.startswith("{'") for text in texts):
                    table.types[name] = "Python text"
        return tables

    yield Store({"output_path": str(folder)}, read)


@contextmanager
def _json_lines(_programs: Path, folder: Path) -> Iterator[Store]:
    def read() -> dict[str, Table]:
        tables = {}
        for path in folder.glob("*.jsonl"):  # one a stream
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


#: What makes an empty place for a target to write to, given the programs beside it and an
#: empty folder.
OPENERS: dict[str, Callable[[Path, Path], AbstractContextManager[Store]]] = {
    "meltanolabs-target-csv": _csv,
    "meltanolabs-target-postgres": _postgresql,
    "plinxore-target-s3": _parquet_on_s3,
    "target-duckdb": _duckdb,
    "target-jsonl": _json_lines,
}
