"""A Singer target that appends to a file and emits a STATE once it has committed."""

import json
import sys
from pathlib import Path

#: The exit code if the input ends in the middle of a line.
CUT_OFF = 3


def main(file: str, batch: int) -> None:
    """Load standard input, and commit at each STATE and after so many records."""
    waiting: list[str] = []
    # Nothing waits in a buffer, so that no line is cut off where the process is killed.
    with Path(file).open("ab", buffering=0) as landed:
        for line in sys.stdin:
            if not line.endswith("\n"):
                sys.exit(CUT_OFF)
            message = json.loads(line)
            if message["type"] == "RECORD":
                waiting.append(line)
            if message["type"] == "STATE" or len(waiting) == batch:
                landed.write("".join(waiting).encode())
                waiting.clear()
            if message["type"] == "STATE":
                sys.stdout.write(json.dumps(message["value"]) + "\n")
                sys.stdout.flush()
        landed.write("".join(waiting).encode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
