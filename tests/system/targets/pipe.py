"""`tap-claude-analytics --config … | target-… --config … >> states.jsonl`."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from tests.system.targets.environment import SCRIPTS, variables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECONDS = 120

LOGS = ("target.log", "tap.log")


def pipe(
    folder: Path, tap: Mapping[str, Any], program: str, target: Mapping[str, Any]
) -> None:
    """Runs the tap into a target, from the state that the run before ended with.

    Args:
        folder: Where configurations, states and logs lie.
        tap: The tap's settings.
        program: The target's path.
        target: The target's settings.
    """
    states = folder / "states.jsonl"
    source = [str(SCRIPTS / "tap-claude-analytics"), *_configured(folder, "tap", tap)]
    if states.exists():
        last = states.read_text(encoding="utf-8").splitlines()[-1]
        (folder / "state.json").write_text(last, encoding="utf-8")
        source += ["--state", str(folder / "state.json")]
    sink = [program, *_configured(folder, "target", target)]
    with (
        (folder / "tap.log").open("wb") as tap_log,
        (folder / "target.log").open("wb") as target_log,
        states.open("ab") as emitted,
        subprocess.Popen(
            source, stdout=subprocess.PIPE, stderr=tap_log, env=variables()
        ) as reading,
        subprocess.Popen(
            sink, stdin=reading.stdout, stdout=emitted, stderr=target_log, env=variables()
        ) as writing,
    ):
        # The target alone holds the pipe, so that the tap learns of its end.
        assert reading.stdout is not None
        reading.stdout.close()
        try:
            codes = (writing.wait(SECONDS), reading.wait(SECONDS))
        finally:
            writing.kill()
            reading.kill()
    logs = [(folder / name).read_text(encoding="utf-8") for name in LOGS]
    assert codes == (0, 0), "".join(log[-400:] for log in logs)


def _configured(folder: Path, name: str, settings: Mapping[str, Any]) -> tuple[str, str]:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return "--config", str(path)
