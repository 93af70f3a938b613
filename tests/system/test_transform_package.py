"""The dbt package in somebody else's project, with two organisations."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from tests import truth
from tests.system import warehouse
from tests.system.warehouse import Dbt, query

ON = ("team_summaries", *truth.SNAPSHOTS)
OFF = ("chat_projects", "skills", "connectors", "plugins", "artifacts", "usage")
VARIABLES = {
    "claude_analytics__organizations": {"Acme": "acme", "Globex": "globex"},
    "claude_analytics__today": "2027-01-06",
    **{f"claude_analytics__using_{stream}": True for stream in ON},
    **{f"claude_analytics__using_{stream}": False for stream in OFF},
}

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="dbt-core 1.11 does not run on Python 3.14"
)

RULES = yaml.safe_load(Path(__file__).with_name("transform_package.yml").read_text("utf-8"))

#: What their own model makes of one of the marts.
MODEL = (
    "select organization, count(*) as user_count from {{ ref('claude_users') }} group by 1"
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file, built by a project that installs the package from a git repository."""
    folder = tmp_path_factory.mktemp("theirs")
    path = folder / "claude.duckdb"
    rows = Path(__file__).with_name("transform_rows.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(path)) as connection:
        connection.execute(rows)
    repository = folder / "repository"
    left = shutil.ignore_patterns("target", "logs", "dbt_packages")
    shutil.copytree(warehouse.PACKAGE, repository / "transform", ignore=left)
    git = ("git", "-c", "user.name=me", "-c", "user.email=me@example.com")
    for arguments in (["init", "-qb", "main"], ["add", "."], ["commit", "-qm", "It"]):
        subprocess.run([*git, *arguments], cwd=repository, check=True)
    project = folder / "project"
    (project / "models").mkdir(parents=True)
    (project / "models" / "users_of_claude.sql").write_text(MODEL, encoding="utf-8")
    profile = {"type": "duckdb", "path": str(path), "schema": "reports", "threads": 4}
    package = {"git": str(repository), "subdirectory": "transform", "revision": "main"}
    for name, content in {
        "dbt_project.yml": {"name": "theirs", "profile": "theirs", "vars": VARIABLES},
        "profiles.yml": {"theirs": {"target": "duckdb", "outputs": {"duckdb": profile}}},
        "packages.yml": {"packages": [package]},
    }.items():
        (project / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    dbt = Dbt(warehouse.install_dbt(folder / "dbt"), os.environ, folder / "run", project)
    dbt.run("deps")
    dbt.run("build")
    return path


def test_every_mart_keeps_organisations_apart(database: Path) -> None:
    """And has rows of both, where the stream is loaded."""
    not_loaded = {"claude_things_28", "claude_things_daily"}
    for mart in warehouse.mart_keys().keys() - not_loaded:
        rows = query(database, f"from reports.{mart}")
        assert {row["organization"] for row in rows} == {"Acme", "Globex"}, mart


@pytest.mark.parametrize(
    ("rule", "organization"),
    [(rule, name) for rule in RULES for name in ("Acme", "Globex") if name in RULES[rule]],
)
def test_rows(database: Path, rule: str, organization: str) -> None:
    """The rules of the package, each in some rows of a mart."""
    case = RULES[rule]
    found = query(
        database,
        f"use reports; select {case['select']} where {case.get('where', True)}"
        f" and organization = '{organization}' order by all",
    )
    assert [list(row.values()) for row in found] == case[organization]
