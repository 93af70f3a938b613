"""A target that ends and a disk that is full: exit code 1, and a sentence that says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import TODAY
from tests.simulator import Options, Simulator
from tests.singer import config_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL = "/dev/full"
TAP = [sys.executable, "-m", "tap_claude_analytics"]
NEVER_SAID = ("stream_maps", "unhandled", "Unexpected", "Traceback", "Exception ignored")

needs_full_device = pytest.mark.skipif(
    not os.path.exists(FULL),  # noqa: PTH110 - a device
    reason="this system has no device that is always full",
)


@pytest.fixture
def config(tmp_path: Path) -> Iterator[str]:
    """The file with the settings for an organisation."""
    with Simulator(Options(today=TODAY, users=25, projects=8)) as simulator:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config_for(simulator)), encoding="utf-8")
        yield str(path)


def the_error(stderr: str) -> str:
    """Return the one error of a log that says nothing beside the point."""
    (error,) = [line for line in stderr.splitlines() if "ERROR" in line]
    assert not any(words in stderr for words in NEVER_SAID)
    return error


@pytest.mark.parametrize("bytes_read", [0, 100_000])
def test_a_target_that_ends(config: str, bytes_read: int) -> None:
    """At once, or among records."""
    with subprocess.Popen(
        [*TAP, "--config", config], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout
        assert running.stderr
        assert len(running.stdout.read(bytes_read)) == bytes_read
        running.stdout.close()
        stderr = running.stderr.read().decode()
        assert running.wait(60) == 1
    assert "The target has ended" in the_error(stderr)


@needs_full_device
@pytest.mark.parametrize("options", [[], ["--discover"], ["--about"]])
def test_a_disk_that_is_full(config: str, options: list[str]) -> None:
    """In the words of the operating system, whatever the command writes."""
    with open(FULL, "w", encoding="utf-8") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [*TAP, "--config", config, *options],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert "cannot be written: No space left on device." in the_error(done.stderr.decode())


def test_no_standard_output(config: str) -> None:
    """There is nowhere to write to."""
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", *TAP, "--config", config],
        stderr=subprocess.PIPE,
        check=False,
    )
    assert done.returncode == 1
    assert "Standard output is closed" in the_error(done.stderr.decode())
