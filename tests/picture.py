"""Takes the README's picture: the page of a simulated organisation, as a browser shows it.

`python -m tests.picture` writes it anew. It needs Chromium, and a minute or two.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pendulum

from tap_claude_analytics.common import clock
from tests import ROOT, singer, truth
from tests.simulator import Options, Simulator
from tests.system import warehouse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.system.warehouse import Row

PICTURE = ROOT / ".github" / "page.png"
WIDTH, HEIGHT = 1400, 905

TODAY = date(2026, 11, 25)
SINCE = date(2026, 7, 27)
COMPANY = Options(users=240, projects=14, today=TODAY)
#: A browser that asks nobody anything.
QUIET = (
    *("--headless", "--no-sandbox", "--no-first-run", "--hide-scrollbars"),
    *("--disable-gpu", "--disable-quic", "--disable-sync", "--disable-component-update"),
    "--disable-background-networking",
)


def read() -> dict[str, list[Row]]:
    """Return what the tap reads of the company, flattened, by stream."""
    noon = pendulum.datetime(TODAY.year, TODAY.month, TODAY.day, 12)
    streams = (*truth.STREAMS, "usage", "cost", "team_summaries", "readings")
    with (
        mock.patch.object(clock, "now", return_value=noon),
        Simulator(COMPANY) as simulator,
    ):
        output = singer.run(
            simulator,
            *streams,
            start_date=SINCE.isoformat(),
            flattening_enabled=True,
            flattening_max_depth=5,
            flattening_max_key_length=64,
        )

    return {
        stream: [
            {
                name: float(value) if isinstance(value, Decimal) else value
                for name, value in record.items()
            }
            for record in output.records(stream)
        ]
        for stream in streams
    }


def build(folder: Path) -> Mapping[str, str]:
    """Load the tables into DuckDB and build the marts; return where they are."""
    path = folder / "claude.duckdb"
    warehouse.create(path, warehouse.LOADED, read())
    place = {"DBT_TARGET": "duckdb", "DBT_DUCKDB_PATH": str(path)}
    dbt = warehouse.Dbt(
        warehouse.install_dbt(folder / "dbt"), {**os.environ, **place}, folder
    )
    dbt.run(
        "run",
        claude_analytics__today=TODAY.isoformat(),
        claude_analytics__using_team_summaries=True,
    )
    return place


def main() -> None:
    """Build the page, and let a browser draw it."""
    browsers = ("chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, browsers)), None)
    if browser is None:
        sys.exit(f"Install one of {', '.join(browsers)} to take the picture.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "page.html"
        warehouse.make_page(
            {**os.environ, **build(folder)}, file, "--title", "a simulated company"
        )
        command = [
            browser,
            *QUIET,
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={PICTURE}",
            file.as_uri(),
        ]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
