"""Simulator, database and environment as one."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.sandbox.command import Command, Interruption
from tests.sandbox.database import PREFIX, Database
from tests.sandbox.environment import build_environment
from tests.simulator import Options, Simulator

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from types import TracebackType

    import psycopg
    from typing_extensions import Self

    from tests.sandbox.database import Landed


class Sandbox:
    """A fresh simulator and a fresh database, and commands that know of them."""

    def __init__(
        self, options: Options | None = None, interruption: Interruption | None = None
    ) -> None:
        """Prepares a sandbox; `__enter__` starts it.

        Args:
            options: The simulated organisation.
            interruption: Whose signals are passed on to the commands.
        """
        self.simulator = Simulator(options or Options())
        self.database = Database()
        self.environment: dict[str, str] = {}
        self._interruption = interruption
        self._started = ExitStack()

    def __enter__(self) -> Self:
        """Starts simulator and database.

        Returns:
            Itself.
        """
        with ExitStack() as starting:
            folder = starting.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX))
            starting.enter_context(self.simulator)
            starting.enter_context(self.database)
            self.environment = build_environment(
                api_url=self.simulator.url,
                api_key=self.simulator.options.api_key,
                database_url=self.database.sqlalchemy_url,
                folder=Path(folder),
            )
            self._started = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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

        Returns:
            How it ended, and its output if that was captured.
        """
        command = Command(arguments, self.environment, folder)
        return command.run(
            capture=capture, timeout=timeout, interruption=self._interruption
        )

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Opens a connection to the database, to be used in a `with`.

        Returns:
            The connection; it commits by itself.
        """
        return self.database.connect()

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs one statement in the database.

        Args:
            statement: The SQL.

        Returns:
            The rows.
        """
        return self.database.query(statement)

    def landed(self) -> list[Landed]:
        """Looks at what is in the database.

        Returns:
            One entry a table.
        """
        return self.database.landed()
