"""The command lines of the programs that are measured."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

from tests import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

TAP = (sys.executable, "-m", "tap_claude_analytics")
#: Faster than any server here is asked: as if the organisation had no limit.
UNLIMITED = 10_000


def plain_loop(program: str, url: str, first: date, days: int) -> list[str]:
    """Read the users of so many days with `floor` or `official`."""
    module = f"tests.benchmark.{program}"
    return [sys.executable, "-m", module, url, first.isoformat(), str(days)]


class Tap:
    """The tap as it stands, with files of its own in a folder."""

    def __init__(self, folder: Path) -> None:
        """Take an empty folder."""
        self._folder = folder
        self._numbers = count(1)

    def command(
        self,
        url: str,
        first: date,
        *,
        streams: Sequence[str] = (),
        state: Path | None = None,
        **settings: object,
    ) -> list[str]:
        """Read some streams from a day on, without any the default ones; with no limit."""
        config = {
            "api_key": "sk-ant-api01-benchmark",
            "api_url": url,
            "start_date": first.isoformat(),
            "requests_per_minute": UNLIMITED,
            **settings,
        }
        command = [*TAP, "--config", str(self._write(config))]
        if streams:
            command += ["--catalog", str(self._write(self._catalog(streams)))]
        if state:
            command += ["--state", str(state)]
        return command

    @cached_property
    def _discovered(self) -> str:
        return subprocess.run(
            [*TAP, "--discover"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout

    def _catalog(self, streams: Sequence[str]) -> dict[str, Any]:
        catalog: dict[str, Any] = json.loads(self._discovered)
        for entry in catalog["streams"]:
            for metadata in entry["metadata"]:
                if not metadata["breadcrumb"]:
                    metadata["metadata"]["selected"] = entry["stream"] in streams
        return catalog

    def _write(self, content: object) -> Path:
        path = self._new_file("json")
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def _new_file(self, suffix: str) -> Path:
        return self._folder / f"{next(self._numbers)}.{suffix}"

    def output_file(self) -> Path:
        """Give the path of a new file for what a run writes."""
        return self._new_file("jsonl")

    def last_state(self, output: Path) -> Path:
        """Write the last state of an output to a file of its own."""
        last = b'{"value": {}}'
        with output.open("rb") as lines:
            for line in lines:
                if re.match(rb'{"type":\s*"STATE"', line):
                    last = line
        return self._write(json.loads(last)["value"])
