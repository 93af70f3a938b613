"""Run by the Python beside target-s3: prints a bucket's Parquet files as JSON.

A folder of the bucket is a table.
"""

import json
import sys
from importlib import import_module

host, bucket = sys.argv[1:]
filesystem = import_module("pyarrow.fs").S3FileSystem(
    access_key="key",
    secret_key="secret",  # noqa: S106 - the bucket takes any
    region="us-east-1",
    scheme="http",
    endpoint_override=host,
)
parquet = import_module("pyarrow.parquet")
selector = import_module("pyarrow.fs").FileSelector(bucket, recursive=True)
tables: dict[str, dict[str, object]] = {}
for file in filesystem.get_file_info(selector):
    if file.is_file:
        loaded = parquet.read_table(file.path, filesystem=filesystem, partitioning=None)
        name = file.path.split("/")[2]
        types = {field.name: str(field.type) for field in loaded.schema}
        table = tables.setdefault(name, {"types": types, "key": [], "rows": []})
        assert table["types"] == types
        assert isinstance(table["rows"], list)
        table["rows"].extend(loaded.to_pylist())
json.dump(tables, sys.stdout, default=str)
