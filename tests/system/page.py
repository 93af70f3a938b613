"""Makes the page from marts in a database."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def make(environment: Mapping[str, str], page: Path, *arguments: str) -> None:
    """Run the program that makes the page, from where it stands in the repository."""
    subprocess.run(
        [sys.executable, "-m", "claude_page", "--output", str(page), *arguments],
        env={**environment, "PYTHONPATH": str(ROOT / "analyze")},
        check=True,
    )
