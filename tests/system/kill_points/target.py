"""A Singer target that upserts by key into SQLite and emits what it has committed."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing

TABLE = (
    "create table if not exists landed"
    " (stream text, key text, message text, primary key (stream, key))"
)


def main() -> None:
    """Load standard input into the database that the first argument names.

    The second argument says after how many records to commit without a STATE, as targets
    do that load in batches. A STATE is emitted once all that came before it is committed.
    """
    database, batch = sys.argv[1], int(sys.argv[2])
    keys: dict[str, list[str]] = {}
    records = 0
    with closing(sqlite3.connect(database)) as connection:
        # Processes are killed here, machines are not.
        connection.execute("pragma synchronous = off")
        connection.execute(TABLE)
        for line in sys.stdin:
            if not line.endswith("\n"):
                break  # the tap was killed in the middle of it
            message = json.loads(line)
            if message["type"] == "SCHEMA":
                keys[message["stream"]] = message["key_properties"]
            elif message["type"] == "RECORD":
                stream, record = message["stream"], message["record"]
                key = json.dumps([record[name] for name in keys[stream]])
                connection.execute(
                    "insert or replace into landed values (?, ?, ?)", (stream, key, line)
                )
                records += 1
                if records % batch == 0:
                    connection.commit()
            elif message["type"] == "STATE":
                connection.commit()
                sys.stdout.write(json.dumps(message["value"]) + "\n")
                sys.stdout.flush()
        connection.commit()


def landed(database: str) -> list[str]:
    """Return the record messages that the database holds, one per key."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(TABLE)
        return [text for (text,) in connection.execute("select message from landed")]


if __name__ == "__main__":
    main()
