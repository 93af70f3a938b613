"""The tap's tables in PostgreSQL and in DuckDB, and what the dbt package makes of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb
import yaml

from tests import ROOT, duckdb_rows
from tests.system.targets.environment import install_packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.sandbox import Sandbox

#: What a database gives for a cell.
Cell: TypeAlias = Any
Row: TypeAlias = dict[str, Any]

PACKAGE = ROOT / "transform"
LOADED, BUILT = "tap_claude_analytics", "claude_analytics"

#: What target-duckdb makes of the types that target-postgres makes.
DUCKDB_TYPES = {
    "bigint": "HUGEINT",
    "boolean": "BOOLEAN",
    "date": "VARCHAR",
    "numeric": "DOUBLE",
    "text": "VARCHAR",
    "timestamp without time zone": "TIMESTAMP",
}

#: What dbt says of what went well.
ROUTINE = re.compile(r" (START|OK|PASS|RUN)\b")

COLUMNS = f"""
    select table_name, column_name, data_type from information_schema.columns
    where table_schema = '{LOADED}' order by table_name, ordinal_position
"""


def _keys() -> dict[str, list[str]]:
    """Return what tells the rows of each mart apart, as its schema file says."""
    found = {}
    for path in (PACKAGE / "models" / "marts").glob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            [test] = [t for t in model["data_tests"] if "claude_unique_key" in t]
            found[model["name"]] = test["claude_unique_key"]["arguments"]["columns"]
    return found


#: What tells the rows of each mart apart.
KEYS = _keys()


@dataclass(frozen=True)
class Dbt:
    """dbt, run on this repository's package or on another project."""

    program: str
    environment: Mapping[str, str]
    folder: Path
    project: Path = PACKAGE
    profiles: Path = PACKAGE

    def start(self, *arguments: str, **variables: object) -> subprocess.Popen[str]:
        """Start dbt; what it writes goes into a folder of its own."""
        self.folder.mkdir(exist_ok=True)
        return subprocess.Popen(
            [
                self.program,
                "--no-use-colors",
                *arguments,
                f"--vars={yaml.safe_dump(variables)}",
            ],
            cwd=self.project,
            env={
                **self.environment,
                "DBT_LOG_PATH": str(self.folder / "logs"),
                "DBT_PROFILES_DIR": str(self.profiles),
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                "DBT_TARGET_PATH": str(self.folder / "target"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, **variables: object) -> str:
        """Run dbt to its end and return what it says; it must go well."""
        return finish(self.start(*arguments, **variables))


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
    return install_packages(wanted, folder).program("dbt")


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for dbt and return what it says; it must go well."""
    output, _ = process.communicate()
    told = [line for line in output.splitlines() if not ROUTINE.search(line)]
    assert process.returncode == 0, "\n".join(told)
    return output


@dataclass(frozen=True)
class Warehouse:
    """Both databases with tables and marts."""

    box: Sandbox
    path: Path

    def postgres(self, mart: str) -> list[Row]:
        """Return the rows of a mart in PostgreSQL."""
        with self.box.connect() as connection:
            cursor = connection.execute(f"select * from {BUILT}.{mart}".encode())
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, cells, strict=True)) for cells in cursor.fetchall()]

    def duckdb(self, mart: str) -> list[Row]:
        """Return the rows of a mart in DuckDB."""
        return query(self.path, f"select * from {BUILT}.{mart}")


def query(path: Path, statement: str) -> list[Row]:
    """Return the rows that a DuckDB file has."""
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        cursor = connection.execute(statement)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, cells, strict=True)) for cells in cursor.fetchall()]


def copy_to_duckdb(box: Sandbox, path: Path) -> None:
    """Put the loaded tables into a DuckDB file, with the types that target-duckdb gives."""
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in box.query(COLUMNS):
        tables.setdefault(table, {})[column] = DUCKDB_TYPES[kind]
    with (
        closing(duckdb.connect(str(path))) as target,
        box.connect() as source,
        tempfile.TemporaryDirectory() as folder,
    ):
        target.execute(f"create schema {LOADED}")
        for table, columns in tables.items():
            file = Path(folder) / table
            statement = f"copy {LOADED}.{table} to stdout (format csv, header)"
            with (
                file.open("wb") as output,
                source.cursor().copy(statement.encode()) as rows,
            ):
                output.writelines(bytes(row) for row in rows)
            target.execute(
                f"create table {LOADED}.{table} as select * from read_csv('{file}',"
                f" header = true, auto_detect = false, columns = {columns},"
                " allow_quoted_nulls = false, quote = '\"', escape = '\"')"
            )


def create(path: Path, schema: str, tables: Mapping[str, Iterable[Row]]) -> None:
    """Put rows into tables of a DuckDB file, as target-duckdb would."""
    with closing(duckdb.connect(str(path))) as target:
        target.execute(f"create schema if not exists {schema}")
        for table, given in tables.items():
            rows = list(given)
            names = dict.fromkeys(name for row in rows for name in row)
            columns = {name: _kind(name, rows) for name in names}
            duckdb_rows.create(target, f"{schema}.{table}", columns, rows)


def _kind(name: str, rows: list[Row]) -> str:
    values = [row[name] for row in rows if row.get(name) is not None]
    if name.endswith("_at"):
        return "TIMESTAMP"
    if not values:
        return "VARCHAR"
    kinds = {bool: "BOOLEAN", int: "HUGEINT", float: "DOUBLE", str: "VARCHAR"}
    return kinds[type(values[0])]


def install_copy(folder: Path) -> Path:
    """Copy the package, as `git clone` would, without what dbt has left there."""
    left = shutil.ignore_patterns("target", "logs", "dbt_packages")
    return Path(shutil.copytree(PACKAGE, folder, ignore=left))
