"""The tap's tables in PostgreSQL and in DuckDB, and what the dbt package makes of them."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import psycopg
import yaml
from psycopg.rows import dict_row

from tests import ROOT, duckdb_rows
from tests.system.targets.environment import install_packages

#: What a database gives for a cell.
Cell: TypeAlias = Any
Row: TypeAlias = dict[str, Any]
#: Rows under their keys, without the organisation.
Mart: TypeAlias = dict[tuple[Cell, ...], Row]

PACKAGE = ROOT / "transform"
MARTS = PACKAGE / "models" / "marts"
LOADED, BUILT = "tap_claude_analytics", "claude_analytics"

#: The types that target-duckdb gives what is neither a time nor text.
DUCKDB_TYPES = {bool: "BOOLEAN", int: "HUGEINT", float: "DOUBLE", Decimal: "DOUBLE"}


@cache
def mart_keys() -> dict[str, list[str]]:
    """Return what tells the rows of each mart apart, as its schema file says."""
    found = {}
    for path in MARTS.glob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            [test] = [t for t in model["data_tests"] if "claude_unique_key" in t]
            found[model["name"]] = test["claude_unique_key"]["arguments"]["columns"]
    return found


@dataclass(frozen=True)
class Dbt:
    """dbt, run on this repository's package or on another project."""

    program: str
    environment: Mapping[str, str]
    #: What it writes goes there.
    folder: Path
    project: Path = PACKAGE

    def run(self, *arguments: str, **variables: object) -> str:
        """Run dbt and return what it says; it must go well."""
        options = ("--no-use-colors", "--no-write-json")
        done = subprocess.run(
            [self.program, *options, *arguments, f"--vars={yaml.safe_dump(variables)}"],
            cwd=self.project,
            env={
                **self.environment,
                "DBT_LOG_PATH": str(self.folder / "logs"),
                "DBT_PROFILES_DIR": str(self.project),
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                "DBT_TARGET_PATH": str(self.folder / "target"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        routine = re.compile(r" (START|OK|PASS|RUN)\b")
        told = [line for line in done.stdout.splitlines() if not routine.search(line)]
        assert done.returncode == 0, "\n".join(told)
        return done.stdout


def install_dbt(folder: Path) -> str:
    """Install dbt as the Meltano project does, and for DuckDB; return the program's path.

    It does not share an environment with the newest mypy.
    """
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    utilities = {plugin["name"]: plugin for plugin in project["plugins"]["utilities"]}
    wanted = [
        *utilities["dbt"]["pip_url"].split(),
        "dbt-duckdb>=1.10,<1.11",
        f"duckdb=={duckdb.__version__}",
    ]
    return str(install_packages(wanted, folder) / "dbt")


def query(path: Path, statement: str) -> list[Row]:
    """Return the rows that a DuckDB file has."""
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        return rows_of(connection, statement)


def query_postgres(connect: Callable[[], psycopg.Connection], statement: str) -> list[Row]:
    """Return the rows that a database of PostgreSQL answers a query with."""
    with connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement.encode()).fetchall()


def rows_of(connection: duckdb.DuckDBPyConnection, statement: str) -> list[Row]:
    """Return the rows that DuckDB answers a query with."""
    cursor = connection.execute(statement)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, cells, strict=True)) for cells in cursor.fetchall()]


def create(path: Path, schema: str, tables: Mapping[str, Iterable[Row]]) -> None:
    """Put rows into tables of a DuckDB file, as target-duckdb would."""
    with closing(duckdb.connect(str(path))) as target:
        target.execute(f"create schema {schema}")
        for table, given in tables.items():
            rows = list(given)
            columns = columns_of(rows, DUCKDB_TYPES)
            duckdb_rows.create(target, f"{schema}.{table}", columns, rows)


def columns_of(rows: Iterable[Row], types: Mapping[type, str]) -> dict[str, str]:
    """Return the columns of rows, with types for those of their cells."""
    known: dict[str, Cell] = {}
    for row in rows:
        known |= {n: cell for n, cell in row.items() if cell is not None or n not in known}
    return {
        name: types.get(type(cell), "TIMESTAMP" if name.endswith("_at") else "VARCHAR")
        for name, cell in known.items()
    }


def make_page(environment: Mapping[str, str], page: Path, *arguments: str) -> None:
    """Make the page from marts, by its program as it stands in the repository."""
    subprocess.run(
        [sys.executable, "-m", "claude_page", "--output", str(page), *arguments],
        env={**environment, "PYTHONPATH": str(ROOT / "analyze")},
        check=True,
    )
