"""The simulator as a process of its own: `python -m tests.simulator`."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from datetime import date

import pytest

from tests.simulator import Options, Simulator
from tests.simulator_tests.asking import kept_session

DAY = "2026-10-06"
COMMAND = [sys.executable, "-m", "tests.simulator"]


def test_help_names_every_option() -> None:
    """Each option is a flag with a help text."""
    shown = subprocess.check_output(
        [*COMMAND, "--help"], text=True, env={**os.environ, "COLUMNS": "200"}
    )
    text = " ".join(shown.split())
    for option in dataclasses.fields(Options):
        assert f"--{option.name.replace('_', '-')}" in text
        assert option.metadata["help"] in text


def test_a_wrong_option_is_one_sentence() -> None:
    """A generation that never was is a usage error."""
    refused = subprocess.run(
        [*COMMAND, "--generation", "1999-01-01"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "generation" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_as_a_process(end: signal.Signals) -> None:
    """It says where it listens and ends cleanly when told to."""
    options = ["--today", "2026-10-08", "--users", "9", "--api-key", "sk-ant-api01-cli"]
    with (
        kept_session() as session,
        subprocess.Popen(
            [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            base = process.stdout.readline().split()[-1]
            key = process.stdout.readline().split()[-1]
            assert key == "sk-ant-api01-cli"
            answer = session.get(
                f"{base}users",
                params={"date": DAY},
                headers={"x-api-key": key},
                timeout=10,
            )
            same = Simulator(Options(users=9))
            assert answer.json()["data"] == same.truth("users", date.fromisoformat(DAY))
            process.send_signal(end)
            output, errors = process.communicate(timeout=10)
        finally:
            process.kill()
    assert (process.returncode, output, errors) == (0, "", "")
