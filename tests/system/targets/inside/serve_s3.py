"""Run by the Python beside target-s3: an S3 with one bucket, until standard input ends."""

import sys
from importlib import import_module

server = import_module("moto.server").ThreadedMotoServer(
    ip_address="127.0.0.1", port=0, verbose=False
)
server.start()
host, port = server.get_host_and_port()
client = import_module("boto3").client(
    "s3",
    endpoint_url=f"http://{host}:{port}",
    region_name="us-east-1",
    aws_access_key_id="key",
    aws_secret_access_key="secret",  # noqa: S106 - the bucket takes any
)
client.create_bucket(Bucket=sys.argv[1])
sys.stdout.write(f"{host}:{port}\n")
sys.stdout.flush()
sys.stdin.read()
server.stop()
