"""Where each target writes, and how its output is read."""

import csv
import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from tests.sandbox import Sandbox
from tests.sandbox.database import running_database
from tests.system.targets.environment import variables
from tests.system.targets.landed import Loaded, Table
from tests.system.targets.table import FLATTENED
from tests.system.warehouse import Row, query, query_postgres

JSON_TYPES = {
    bool: "boolean",
    Decimal: "number",
    dict: "object",
    int: "number",
    str: "string",
}
SCHEMA = {"default_target_schema": "landed"}
#: All columns of all tables of a schema, in PostgreSQL and in DuckDB.
COLUMNS = """
    select table_name, column_name, data_type, keys.constraint_name is not null as is_key
    from information_schema.columns
    left join information_schema.key_column_usage as keys
        using (table_schema, table_name, column_name)
    where table_schema = '{schema}'
    order by table_name
"""


class Store(NamedTuple):
    """Where a target writes: the settings that tell it so, and what reads it once."""

    settings: Mapping[str, object]
    read: Callable[[], dict[str, Table]]


def tables_of(query: Callable[[str], list[Row]], schema: str) -> dict[str, Table]:
    """Return the tables of a schema of a database that answers a query with rows."""
    tables = {}
    every = query(COLUMNS.format(schema=schema))
    for name, of_table in groupby(every, itemgetter("table_name")):
        columns = list(of_table)
        tables[name] = Table(
            {column["column_name"]: column["data_type"] for column in columns},
            [column["column_name"] for column in columns if column["is_key"]],
            query(f'select * from {schema}."{name}"'),
        )
    return tables


def loaded_by_the_project(box: Sandbox, schema: str) -> Loaded:
    """Return what a project with this repository's settings has loaded in a sandbox."""
    tables = tables_of(partial(query_postgres, box.connect), schema)
    return Loaded(FLATTENED, tables)


@contextmanager
def _postgresql(_programs: Path, _folder: Path) -> Iterator[Store]:
    with running_database() as database:
        settings = {"sqlalchemy_url": database.sqlalchemy_url}
        ask = partial(query_postgres, database.connect)
        yield Store(settings | SCHEMA, lambda: tables_of(ask, "landed"))


@contextmanager
def _duckdb(_programs: Path, folder: Path) -> Iterator[Store]:
    path = folder / "claude.duckdb"
    ask = partial(query, path)
    yield Store({"path": str(path)} | SCHEMA, lambda: tables_of(ask, "landed"))


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
        rows: dict[str, list[Row]] = defaultdict(list)
        for path in folder.glob("*.csv"):  # one a stream and run
            with path.open(encoding="utf-8", newline="") as file:
                # Null and empty text look the same.
                rows[path.name.split("-")[0]] += [
                    {name: text or None for name, text in row.items()}
                    for row in csv.DictReader(file)
                ]
        return {name: _table(of_stream, _kind_of_text) for name, of_stream in rows.items()}

    yield Store({"output_path": str(folder)}, read)


@contextmanager
def _json_lines(_programs: Path, folder: Path) -> Iterator[Store]:
    def read() -> dict[str, Table]:
        tables = {}
        for path in folder.glob("*.jsonl"):  # one a stream
            lines = path.read_text(encoding="utf-8").splitlines()
            rows = [json.loads(line, parse_float=Decimal) for line in lines]
            tables[path.stem] = _table(rows, lambda value: JSON_TYPES[type(value)])
        return tables

    yield Store({"destination_path": str(folder), "do_timestamp_file": False}, read)


def _table(rows: list[Row], kind: Callable[[Any], str]) -> Table:
    """Return the table of a file, whose columns are what their values are."""
    types = {n: kind(cell) for row in rows for n, cell in row.items() if cell is not None}
    return Table(types, [], rows)


def _kind_of_text(text: str) -> str:
    if text in {"True", "False"}:
        return "True or False"
    return "Python text" if text.startswith("{'") else "text"


#: What makes an empty place for a target to write to, given the programs beside it and an
#: empty folder.
OPENERS: dict[str, Callable[[Path, Path], AbstractContextManager[Store]]] = {
    "meltanolabs-target-csv": _csv,
    "meltanolabs-target-postgres": _postgresql,
    "plinxore-target-s3": _parquet_on_s3,
    "target-duckdb": _duckdb,
    "target-jsonl": _json_lines,
}
