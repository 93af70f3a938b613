"""Run by the Python beside target-s3: an S3 with one bucket, until standard input ends.

Prints its address, and at the end, as JSON, what the bucket's Parquet files hold. A folder
of the bucket is a table.
"""

import json
import sys
from importlib import import_module

BUCKET = "bucket"
KEYS = {"access_key": "key", "secret_key": "secret"}

server = import_module("moto.server").ThreadedMotoServer(
    ip_address="127.0.0.1", port=0, verbose=False
)
server.start()
host, port = server.get_host_and_port()
address = f"{host}:{port}"
filesystems = import_module("pyarrow.fs")
filesystem = filesystems.S3FileSystem(
    **KEYS,
    region="us-east-1",
    scheme="http",
    endpoint_override=address,
    allow_bucket_creation=True,
)
filesystem.create_dir(BUCKET)
sys.stdout.write(f"{address}\n")
sys.stdout.flush()
sys.stdin.read()
parquet = import_module("pyarrow.parquet")
tables: dict[str, dict[str, object]] = {}
for file in filesystem.get_file_info(filesystems.FileSelector(BUCKET, recursive=True)):
    if file.is_file:
        loaded = parquet.read_table(file.path, filesystem=filesystem, partitioning=None)
        name = file.path.split("/")[2]
        types = {field.name: str(field.type) for field in loaded.schema}
        table = tables.setdefault(name, {"types": types, "key": [], "rows": []})
        assert table["types"] == types
        assert isinstance(table["rows"], list)
        table["rows"].extend(loaded.to_pylist())
json.dump(tables, sys.stdout, default=str)
server.stop()
