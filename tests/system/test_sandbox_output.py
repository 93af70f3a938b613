"""What the sandbox command shows after its command, and what it leaves out of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.sandbox.__main__ import NEXT, QUIET, main

SMALL = ("--users", "2", "--projects", "1")


def test_what_to_do_next(capfd: pytest.CaptureFixture[str]) -> None:
    """Three lines after the table, if something landed."""
    load = (
        "import os, psycopg;"
        "url = os.environ['TARGET_POSTGRES_SQLALCHEMY_URL'].replace('+psycopg', '');"
        "connection = psycopg.connect(url, autocommit=True);"
        "connection.execute('create table loaded as select 1 as one, null as two')"
    )
    assert main([*SMALL, "python", "-c", load]) == 0
    output = capfd.readouterr().out
    assert output.endswith(f"\npublic.loaded     1\n\n{NEXT}")
    assert len(NEXT.splitlines()) == 3
    query = "select one, two from loaded"
    assert main([*SMALL, "--query", query, "python", "-c", load]) == 0
    assert capfd.readouterr().out.endswith("\npublic.loaded     1\n\none  two\n1\n")


def test_a_query_that_is_none(capfd: pytest.CaptureFixture[str]) -> None:
    """The database says what is wrong with it."""
    assert main([*SMALL, "--query", "select nonsense", "true"]) == 0
    assert 'column "nonsense" does not exist' in capfd.readouterr().out


@pytest.mark.parametrize("verbose", [False, True])
def test_statements_of_the_loader(tmp_path: Path, *, verbose: bool) -> None:
    """Meltano gets a configuration of its log, unless all is to be shown."""
    option = ["--verbose"] if verbose else []
    file = tmp_path / "environment"
    assert main([*SMALL, *option, "sh", "-c", f"env > '{file}'"]) == 0
    (variable,) = QUIET
    assert (f"{variable}={QUIET[variable]}" in file.read_text("utf-8")) != verbose


def test_levels_of_the_log() -> None:
    """Loaders are quiet, extractors are not; by the names that Meltano gives them."""
    (path,) = QUIET.values()
    levels = yaml.safe_load(Path(path).read_text("utf-8"))["loggers"]
    assert levels["meltano.plugin.stderr.loaders"]["level"] == "WARNING"
    assert not any("extractors" in name for name in levels)
