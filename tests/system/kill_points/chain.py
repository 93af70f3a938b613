"""Runs that go on from the state that the target emitted, into one database."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.singer import Output, catalog_of, config_for
from tests.system.kill_points.pipeline import Ended, Pipeline
from tests.system.kill_points.target import landed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.simulator import Simulator
    from tests.system.kill_points.launchers import Launcher
    from tests.system.kill_points.points import KillPoint


def bookmarks_of(state: dict[str, Any]) -> dict[str, str]:
    """Return the day that a state names for each stream, as far as it names any."""
    return {
        stream: bookmark["replication_key_value"][:10]
        for stream, bookmark in state.get("bookmarks", {}).items()
        if bookmark.get("replication_key_value")
    }


@dataclass
class Chain:
    """A database, a state, and what it takes to run again.

    Attributes:
        launcher: What starts the programs.
        simulator: What the tap asks.
        folder: An empty folder for all files.
        streams: What the tap reads.
        settings: The settings of the tap.
        batch: After how many records the target commits without a STATE.
        state: The last state that the target emitted.
        story: What has happened so far, one line a run.
    """

    launcher: Launcher
    simulator: Simulator
    folder: Path
    streams: Sequence[str]
    settings: dict[str, Any]
    batch: int
    state: dict[str, Any] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write down what is the same for every run."""
        self._same = [
            *self._option(
                "config",
                config_for(self.simulator, max_parallel_requests=4, **self.settings),
            ),
            *self._option("catalog", catalog_of(*self.streams)),
        ]

    def run(self, point: KillPoint | None = None) -> Ended:
        """Run tap and target from the last state, and kill one of them at a point."""
        state = self._option("state", self.state)
        tap = ["tap", *self._same, *state]
        target = ["target", str(self._database), str(self.batch)]
        with Pipeline(self.launcher, tap, target, self.folder) as pipeline:
            if point and pipeline.forward(point.arm(self.simulator)):
                pipeline.kill(point.number)
            ended = pipeline.end()
        # A wait that was not come to would hold up a later run.
        self.simulator.recover()
        states = (self.folder / "states.jsonl").read_text().split("\n")[:-1]
        if states:
            self.state = json.loads(states[-1])
        self.story.append(
            f"{point or 'no kill'}: tap {ended.tap}, target {ended.target},"
            f" {len(ended.output)} bytes, {ended.seconds:.2f} s, now {self.bookmarks}"
        )
        return ended

    @property
    def bookmarks(self) -> dict[str, str]:
        """The days that the state names."""
        return bookmarks_of(self.state)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Have a failure tell the story that led to it."""
        try:
            yield
        except (AssertionError, LookupError, OSError, ValueError) as error:
            story = "\n".join(self.story)
            pytest.fail(f"{type(error).__name__}: {error}\n{story}")

    @property
    def landed(self) -> Output:
        """What the database holds."""
        return Output(landed(str(self._database)))

    @property
    def _database(self) -> Path:
        return self.folder / "landed.db"

    def _option(self, name: str, value: dict[str, Any]) -> tuple[str, str]:
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(value), encoding="utf-8")
        return f"--{name}", str(path)
