"""Simulator, database and environment as one, and commands that leave nothing running."""

import os
import signal
import subprocess
import sysconfig
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import psutil
from psycopg.conninfo import conninfo_to_dict
from typing_extensions import Self

from tests.sandbox.database import Database, running_database
from tests.simulator import Options, Simulator

#: The caller's own settings stay outside, or a sandbox would not be the same twice.
FOREIGN = ("TAP_CLAUDE_ANALYTICS_", "TARGET_", "MELTANO_", "DBT_")
#: How long a group that was asked to end may take before it is made to.
GRACE_SECONDS = 5.0


def own_environment() -> dict[str, str]:
    """Return the caller's variables, but for settings of tap, targets, Meltano and dbt."""
    return {n: value for n, value in os.environ.items() if not n.startswith(FOREIGN)}


class Sandbox:
    """A fresh simulator and a fresh database, and commands that know of them."""

    def __init__(self, options: Options) -> None:
        """Take the simulated organisation."""
        self.simulator = Simulator(options)

    def __enter__(self) -> Self:
        """Start simulator and database."""
        with ExitStack() as starting:
            folder = starting.enter_context(TemporaryDirectory())
            starting.enter_context(self.simulator)
            database = starting.enter_context(running_database())
            self.connect, self.query = database.connect, database.query
            self.landed = database.landed
            self.environment = self._environment(Path(folder), database)
            self._started = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything and remove its folders."""
        self._started.close()

    def _environment(self, folder: Path, database: Database) -> dict[str, str]:
        """Return the variables of commands; Meltano keeps its state in the folder."""
        own = own_environment()
        programs = [sysconfig.get_path("scripts"), own.get("PATH", os.defpath)]
        server = conninfo_to_dict(database.url)
        return {
            **own,
            "PATH": os.pathsep.join(programs),
            "TAP_CLAUDE_ANALYTICS_API_URL": self.simulator.url,
            "TAP_CLAUDE_ANALYTICS_API_KEY": self.simulator.options.api_key,
            # The simulator grants as many as one likes.
            "TAP_CLAUDE_ANALYTICS_REQUESTS_PER_MINUTE": "10000",
            # Meltano would not notice that the tap in the checkout has a new schema.
            "TAP_CLAUDE_ANALYTICS__USE_CACHED_CATALOG": "false",
            "TARGET_POSTGRES_SQLALCHEMY_URL": database.sqlalchemy_url,
            # An empty database goes with an empty memory of what was loaded into it.
            "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
            # Without one, Meltano makes one up and writes it into meltano.yml.
            "MELTANO_PROJECT_ID": "00000000-0000-0000-0000-000000000000",
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
            "MELTANO_CLI_LOG_FORMAT": "uncolored",
            # Nothing listens there, so whatever asks Meltano's hub fails at once.
            "MELTANO_HUB_URL": "http://127.0.0.1:9",
            "NO_COLOR": "1",
            # As `transform/profiles.yml` reads it.
            "DBT_POSTGRES_HOST": str(server["host"]),
            "DBT_POSTGRES_PORT": str(server.get("port", 5432)),
            "DBT_POSTGRES_USER": str(server["user"]),
            "DBT_POSTGRES_PASSWORD": str(server.get("password", "")),
            "DBT_POSTGRES_DATABASE": str(server["dbname"]),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path | None = None,
        capture: bool = True,
        timeout: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the sandbox, and end whatever it leaves running.

        Raises:
            TimeoutError: If it takes more seconds than given, with what it has said.
        """
        # Not pipes: whatever the command started may still hold on to them.
        with TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
            process = subprocess.Popen(
                arguments,
                cwd=folder,
                env=self.environment,
                stdout=output if capture else None,
                stderr=errors if capture else None,
                # The head of a session of its own is the head of a group of its own.
                start_new_session=True,
            )
            is_late = False
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                is_late = True
            finally:
                _end_group(process.pid)
                process.wait()
            output.seek(0)
            errors.seek(0)
            said = output.read(), errors.read()
        if is_late:
            message = f"{arguments!r} took more than {timeout} s: {''.join(said)}"
            raise TimeoutError(message)
        return subprocess.CompletedProcess(arguments, process.returncode, *said)


def _end_group(group: int) -> None:
    """End whatever is left of a process group, by force if it takes long."""
    for number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, 1.0)):
        # macOS answers for a group of dead processes that one may not.
        with suppress(PermissionError, ProcessLookupError):
            os.killpg(group, number)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not _is_running(group):
                return
            time.sleep(0.05)


def _is_running(group: int) -> bool:
    """Tell whether a group has processes that run.

    Dead ones that their parent did not ask after yet run no more, although they can
    still be sent a signal. In a container that can be so for a long time.
    """
    for process in psutil.process_iter(["status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE:
            with suppress(PermissionError, ProcessLookupError):
                if os.getpgid(process.pid) == group:
                    return True
    return False
