"""A virtual environment for every target: together they do not install."""

import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from tests.sandbox.sandbox import own_environment
from tests.system.targets.table import Target

SCRIPTS = Path(sysconfig.get_path("scripts"))
#: What a test needs beside a target in its environment.
COMPANIONS = {"plinxore-target-s3": ("moto[s3]>=5,<6", "flask>=3,<4", "flask-cors>=5,<7")}


def install(target: Target, folder: Path) -> Path:
    """Install a target in a new folder, and return that of its programs."""
    wanted = (*target.requirements, f"{target.package}=={target.tested}")
    return install_packages([*wanted, *COMPANIONS.get(target.package, ())], folder)


def install_packages(wanted: Sequence[str], folder: Path) -> Path:
    """Install packages in a new folder, and return that of their programs."""
    programs = folder / SCRIPTS.name
    uv = str(SCRIPTS / "uv")
    for command in (
        [uv, "venv", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--python", str(programs / "python"), *wanted],
    ):
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            env=variables(),
            text=True,
            timeout=600,  # a registry may be far away
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
    return programs


def variables() -> dict[str, str]:
    """Return the environment of programs that talk to this machine only, past any proxy."""
    local = {"NO_PROXY": "127.0.0.1", "AWS_EC2_METADATA_DISABLED": "true"}
    return own_environment() | local
