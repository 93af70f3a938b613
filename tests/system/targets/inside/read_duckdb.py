"""Run by the Python beside target-duckdb: prints a database's tables as JSON."""

import json
import sys
from importlib import import_module

COLUMNS = """
    select column_name, data_type from information_schema.columns
    where table_name = ? order by ordinal_position
"""
KEYS = """
    select constraint_column_names from duckdb_constraints()
    where table_name = ? and constraint_type = 'PRIMARY KEY'
"""

connection = import_module("duckdb").connect(sys.argv[1], read_only=True)
tables = {}
for (table,) in connection.execute("show tables").fetchall():
    types = dict(connection.execute(COLUMNS, [table]).fetchall())
    keys = connection.execute(KEYS, [table]).fetchall()
    rows = connection.execute(f'select * from "{table}"').fetchall()
    tables[table] = {
        "types": types,
        "key": [name for names in keys for name in names[0]],
        "rows": [dict(zip(types, row, strict=True)) for row in rows],
    }
json.dump(tables, sys.stdout, default=str)
