"""Simulator, database and environment as one."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.sandbox.command import SandboxedCommandError, end_group, wait_for
from tests.sandbox.database import PREFIX, running_database
from tests.sandbox.environment import build_environment
from tests.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg
    from typing_extensions import Self

    from tests.sandbox.database import Landed


class Sandbox:
    """A fresh simulator and a fresh database, and commands that know of them."""

    def __init__(self, options: Options | None = None, signals: Sequence[int] = ()) -> None:
        """Prepares a sandbox; `__enter__` starts it.

        Args:
            options: The simulated organisation.
            signals: Those that arrive are passed on to the commands.
        """
        self.simulator = Simulator(options or Options())
        self.environment: dict[str, str] = {}
        self._signals = signals
        self._started = ExitStack()

    def __enter__(self) -> Self:
        """Starts simulator and database."""
        with ExitStack() as starting:
            folder = starting.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX))
            starting.enter_context(self.simulator)
            self.database = starting.enter_context(running_database())
            self.environment = build_environment(
                api_url=self.simulator.url,
                api_key=self.simulator.options.api_key,
                database_url=self.database.sqlalchemy_url,
                folder=Path(folder),
            )
            self._started = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops everything and removes its folders."""
        self._started.close()

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path | None = None,
        capture: bool = True,
        timeout: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in the sandbox, and ends whatever it leaves running.

        Args:
            arguments: The program and its arguments.
            folder: Where it runs; by default here.
            capture: Whether to keep its output instead of showing it.
            timeout: How many seconds it may take.

        Raises:
            SandboxedCommandError: It could not be started or took too long.
        """
        pipe = subprocess.PIPE if capture else None
        try:
            process = subprocess.Popen(
                arguments,
                cwd=folder,
                env=self.environment,
                stdout=pipe,
                stderr=pipe,
                text=True,
                # The head of a session of its own is the head of a group of its own.
                start_new_session=True,
            )
        except OSError as error:
            message = f"{arguments[0]}: {error.strerror}"
            raise SandboxedCommandError(message) from error
        with process:
            try:
                output, errors = wait_for(process, timeout, self._signals)
            finally:
                end_group(process)
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Opens a connection that commits by itself, to be used in a `with`."""
        return self.database.connect()

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs one statement in the database."""
        return self.database.query(statement)

    def landed(self) -> list[Landed]:
        """Looks at what is in the database: one entry a table."""
        return self.database.landed()
