"""An environment of its own for every target: together they do not install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sandbox.sandbox import own_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.system.targets.table import Target

# A registry may be far away.
SECONDS = 600

SCRIPTS = Path(sysconfig.get_path("scripts"))
READERS = Path(__file__).parent / "inside"

#: What a test needs beside a target in its environment.
COMPANIONS = {"plinxore-target-s3": ("moto[s3]>=5,<6", "flask>=3,<4", "flask-cors>=5,<7")}


@dataclass(frozen=True)
class Environment:
    """A virtual environment that a target is installed in."""

    folder: Path

    def program(self, name: str) -> str:
        """Returns the path of one of its programs."""
        return str(self.folder / SCRIPTS.name / name)

    def script(self, name: str, *arguments: object) -> list[str]:
        """Returns the command line that runs a script of `inside/` by its Python."""
        path = str(READERS / f"{name}.py")
        return [self.program("python"), path, *map(str, arguments)]


def install(target: Target, folder: Path) -> Environment:
    """Installs a target in a folder that does not exist yet."""
    wanted = [
        *target.requirements,
        f"{target.package}=={target.tested}",
        *COMPANIONS.get(target.package, ()),
    ]
    return install_packages(wanted, folder)


def install_packages(wanted: Sequence[str], folder: Path) -> Environment:
    """Installs packages in a new folder, with uv where there is one: it is faster."""
    environment = Environment(folder)
    python = environment.program("python")
    uv = shutil.which("uv", path=os.pathsep.join((str(SCRIPTS), os.environ["PATH"])))
    if uv:
        _run([uv, "venv", "--python", sys.executable, str(folder)])
        _run([uv, "pip", "install", "--python", python, *wanted])
    else:
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([python, "-m", "pip", "install", *wanted])
    return environment


def variables() -> dict[str, str]:
    """Lists environment variables for programs that talk to this machine only.

    They are the caller's, without settings of taps and targets, and past any proxy.
    """
    return {
        **own_environment(),
        "NO_PROXY": "127.0.0.1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _run(command: Sequence[str]) -> None:
    ended = subprocess.run(
        command,
        capture_output=True,
        check=False,
        env=variables(),
        text=True,
        timeout=SECONDS,
    )
    assert ended.returncode == 0, f"{command}: {ended.stderr}"
