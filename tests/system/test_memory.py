"""Memory that is freed leaves the process."""

import subprocess
import sys

import pytest

#: Frees large blocks that lie between small ones, and prints how many MB it keeps of 64.
PROGRAM = """
import psutil
from tap_claude_analytics.common.memory import return_large_blocks
return_large_blocks()
bytes(2**24)
memory = psutil.Process().memory_info
before = memory().rss
blocks = [(bytearray(b"x" * 2**20), bytearray(2**16)) for _ in range(64)]
assert memory().rss - before > 60 * 2**20
kept = [small for _, small in blocks]
del blocks
print((memory().rss - before) // 2**20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="an option of glibc")
def test_large_blocks_are_returned() -> None:
    """Also after the first one, and between blocks that stay."""
    command = [sys.executable, "-c", PROGRAM]
    kept = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    assert int(kept) < 8
