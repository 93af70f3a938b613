"""The floor: downloads, decodes and writes the rows of `users`, and nothing else.

``python -m tests.benchmark.floor DAY ...``
"""

import http.client
import os
import sys
from urllib.parse import urlencode, urlsplit

import msgspec

# The simulator, which knows this too, would take longer to import than all else here.
PATH = "/v1/organizations/analytics/users"


def main(*days: str) -> None:
    """Write every row as a line of JSON."""
    url = urlsplit(os.environ["TAP_CLAUDE_ANALYTICS_API_URL"])
    connection = http.client.HTTPConnection(url.netloc)
    decode = msgspec.json.Decoder().decode
    encode = msgspec.json.Encoder().encode
    write = sys.stdout.buffer.write
    for day in days:
        question = {"date": day, "limit": "1000"}
        while True:
            connection.request("GET", f"{PATH}?{urlencode(question)}")
            answer = decode(connection.getresponse().read())
            for row in answer["data"]:
                write(encode(row) + b"\n")
            if answer["next_page"] is None:
                break
            question["page"] = answer["next_page"]
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
