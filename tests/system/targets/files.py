"""The files of targets that write text."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.system.targets.landed import Table

if TYPE_CHECKING:
    from pathlib import Path

JSON_TYPES = {
    bool: "boolean",
    Decimal: "number",
    dict: "object",
    int: "number",
    str: "string",
}


@dataclass(frozen=True)
class CSVFiles:
    """A CSV file a stream and run."""

    folder: Path

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that tell the target where to write."""
        return {"output_path": str(self.folder)}

    def read(self) -> dict[str, Table]:
        """Reads everything.

        Returns:
            A table a stream.
        """
        tables: dict[str, Table] = {}
        for path in sorted(self.folder.glob("*.csv")):
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


@dataclass(frozen=True)
class JSONLinesFiles:
    """A file of JSON lines a stream."""

    folder: Path

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that tell the target where to write."""
        return {"destination_path": str(self.folder), "do_timestamp_file": False}

    def read(self) -> dict[str, Table]:
        """Reads everything.

        Returns:
            A table a stream.
        """
        tables = {}
        for path in self.folder.glob("*.jsonl"):
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


def _text_type(rows: list[dict[str, Any]], name: str) -> str:
    texts = {row[name] for row in rows} - {None}
    if texts and texts <= {"True", "False"}:
        return "True or False"
    return "Python text" if any(text.startswith("{'") for text in texts) else "text"
