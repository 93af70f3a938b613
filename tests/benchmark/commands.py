"""The command lines of the programs that are measured."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

TAP = (sys.executable, "-m", "tap_claude_analytics")


def plain_loop(program: str, url: str, first: date, days: int) -> list[str]:
    """Read the users of so many days with `floor` or `official`."""
    module = f"tests.benchmark.{program}"
    return [sys.executable, "-m", module, url, first.isoformat(), str(days)]


class Tap:
    """The tap as it stands, with files of its own in a folder."""

    def __init__(self, folder: Path) -> None:
        """Take an empty folder."""
        self._folder = folder
        self._files = 0

    @cached_property
    def settings(self) -> frozenset[str]:
        """The settings that this version of the tap knows."""
        about = json.loads(_output_of(*TAP, "--about", "--format=json"))
        return frozenset(about["settings"]["properties"])

    @cached_property
    def _discovered(self) -> dict[str, Any]:
        discovered: dict[str, Any] = json.loads(_output_of(*TAP, "--discover"))
        return discovered

    def command(
        self,
        url: str,
        first: date,
        *,
        last: date | None = None,
        streams: Sequence[str] = (),
        state: Path | None = None,
        **settings: object,
    ) -> list[str]:
        """Read some streams from a day on, without any the default ones.

        Settings that this version does not know are left out, and those that are None.
        """
        config = {
            "api_key": "sk-ant-api01-benchmark",
            "api_url": url,
            "start_date": first.isoformat(),
            **{
                name: value
                for name, value in settings.items()
                if name in self.settings and value is not None
            },
        }
        if last:
            config["end_date"] = last.isoformat()
        command = [*TAP, "--config", str(self._write(config))]
        if streams:
            command += ["--catalog", str(self._write(self._catalog(streams)))]
        if state:
            command += ["--state", str(state)]
        return command

    def _catalog(self, streams: Sequence[str]) -> dict[str, Any]:
        catalog = copy.deepcopy(self._discovered)
        for entry in catalog["streams"]:
            for metadata in entry["metadata"]:
                if not metadata["breadcrumb"]:
                    metadata["metadata"]["selected"] = entry["stream"] in streams
        return catalog

    def _write(self, content: object) -> Path:
        self._files += 1
        path = self._folder / f"{self._files}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def output_file(self) -> Path:
        """Give the path of a new file for what a run writes."""
        self._files += 1
        return self._folder / f"{self._files}.jsonl"

    def last_state(self, output: Path) -> Path:
        """Write the last state of an output to a file of its own."""
        state: dict[str, Any] = {}
        with output.open("rb") as lines:
            for line in lines:
                if b'"STATE"' in line[:60] or b'"STATE"' in line[-60:]:
                    message = json.loads(line)
                    state = message["value"] if message["type"] == "STATE" else state
        return self._write(state)


def _output_of(*command: str) -> str:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
