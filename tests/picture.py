"""Takes the README's picture: the page of a simulated organisation, as a browser shows it.

`python -m tests.picture` writes it anew. It needs Chromium, and a minute or two.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from unittest import mock

import pendulum

from tap_claude_analytics.common import clock
from tests import ROOT, dbt_sources, singer, truth
from tests.simulator import Options, Simulator
from tests.system import warehouse
from tests.system.warehouse import Row

PICTURE = ROOT / ".github" / "page.png"
WIDTH, HEIGHT = 1400, 905

NOW = pendulum.datetime(2026, 11, 25, 12)
SINCE = "2026-07-27"
COMPANY = Options(users=240, projects=14, today=NOW.date())
#: A browser that asks nobody anything.
QUIET = (
    *("--headless", "--no-sandbox", "--no-first-run", "--hide-scrollbars"),
    *("--disable-gpu", "--disable-quic", "--disable-sync", "--disable-component-update"),
    "--disable-background-networking",
)


def read() -> dict[str, list[Row]]:
    """Return what the tap reads of the company, flattened, by stream."""
    streams = (*truth.STREAMS, "usage", "cost", "team_summaries", "readings")
    with (
        mock.patch.object(clock, "now", return_value=NOW),
        Simulator(COMPANY) as simulator,
    ):
        settings = dbt_sources.project_settings()
        output = singer.run(simulator, *streams, start_date=SINCE, **settings)
    return {stream: list(map(_row, output.records(stream))) for stream in streams}


def _row(record: Row) -> Row:
    return {n: float(v) if isinstance(v, Decimal) else v for n, v in record.items()}


def build(folder: Path) -> Mapping[str, str]:
    """Load the tables into DuckDB and build the marts; return an environment with them."""
    path = folder / "claude.duckdb"
    warehouse.create(path, warehouse.LOADED, read())
    program = warehouse.install_dbt(folder / "dbt")
    environment = {**os.environ, "DBT_TARGET": "duckdb", "DBT_DUCKDB_PATH": str(path)}
    warehouse.Dbt(program, environment, folder).run(
        "run",
        claude_analytics__today=NOW.to_date_string(),
        claude_analytics__using_team_summaries=True,
    )
    return environment


def main() -> None:
    """Build the page, and let a browser draw it."""
    browsers = ("chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, browsers)), None)
    if browser is None:
        sys.exit(f"Install one of {', '.join(browsers)} to take the picture.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = folder / "page.html"
        warehouse.make_page(build(folder), page, "--title", "a simulated company")
        command = [
            browser,
            *QUIET,
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={PICTURE}",
            page.as_uri(),
        ]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
