"""A Singer target that writes into SQLite and emits a STATE once it has committed."""

import json
import sqlite3
import sys
from contextlib import closing

#: The exit code if the input ends in the middle of a line.
CUT_OFF = 3
TABLE = "create table if not exists landed (message text)"


def main(database: str, batch: int) -> None:
    """Load standard input, and commit after a STATE and after so many records."""
    records = 0
    with closing(sqlite3.connect(database)) as connection:
        # Processes are killed here, machines are not.
        connection.execute("pragma synchronous = off")
        connection.execute(TABLE)
        for line in sys.stdin:
            if not line.endswith("\n"):
                sys.exit(CUT_OFF)
            message = json.loads(line)
            if message["type"] == "RECORD":
                connection.execute("insert into landed values (?)", (line,))
                records += 1
                if records % batch == 0:
                    connection.commit()
            elif message["type"] == "STATE":
                connection.commit()
                sys.stdout.write(json.dumps(message["value"]) + "\n")
                sys.stdout.flush()
        connection.commit()


def landed(database: str) -> list[str]:
    """Return the record messages that the database holds, in their order."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(TABLE)
        rows = connection.execute("select message from landed order by rowid")
        return [text for (text,) in rows]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
