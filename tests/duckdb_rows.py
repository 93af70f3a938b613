"""Puts rows into tables of DuckDB, all at once."""

import json
import tempfile
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb


def create(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    rows: Iterable[Mapping[str, Any]],
) -> None:
    """Create a table with rows; columns that a row lacks are null there."""
    typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    connection.execute(f"create table {table} ({typed})")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".jsonl") as file:
        file.writelines(json.dumps(row, default=str) + "\n" for row in rows)
        file.flush()
        if file.tell():
            connection.execute(
                f"insert into {table} from read_json(?, columns = {dict(columns)},"
                " format = 'newline_delimited')",
                [file.name],
            )
