"""The dbt package: every number is the simulator's truth, in PostgreSQL and in DuckDB."""

from __future__ import annotations

import re
import sys
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING

import pytest
import yaml

from tests import ROOT, dbt_sources
from tests.sandbox import Sandbox
from tests.simulator import Options
from tests.system import page, warehouse
from tests.system import transform_data as data
from tests.system.transform_truth import Truth
from tests.system.warehouse import KEYS, PACKAGE, Cell, Dbt, Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.meltano_fixture import MeltanoProject
    from tests.system.transform_figures import Key
    from tests.system.warehouse import Row

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="dbt-core 1.11 does not run on Python 3.14"
)


#: Marts of streams that the tap does not have yet.
LATER = {
    "claude_invites",
    "claude_members",
    "claude_members_daily",
    "claude_spend_limit_requests",
    "claude_spend_limits_daily",
    "claude_spend_limits_now",
    "claude_teams",
}

#: Columns that are sums, not quotients.
SUMS = ("_count", "cost_usd", "discount_usd", "metered_usd", "_month_usd", "total_tokens")

VARIABLES = {
    "claude_analytics__today": data.TODAY.isoformat(),
    "claude_analytics__using_team_summaries": True,
    "claude_analytics__using_skills_by_user": True,
    "claude_analytics__using_connectors_by_user": True,
}


@pytest.fixture(scope="module")
def built(
    meltano_project: MeltanoProject, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """Both databases, after `dbt build` with all tests of the package."""
    folder = tmp_path_factory.mktemp("transform")
    options = Options(users=16, projects=4, skills=5, connectors=5, plugins=3)
    with Sandbox(options) as box:
        data.fill(box, meltano_project)
        path = folder / "claude.duckdb"
        program = warehouse.install_dbt(folder / "dbt")
        warehouse.copy_to_duckdb(box, path)
        runs = [
            Dbt(
                program,
                {**box.environment, "DBT_TARGET": target, "DBT_DUCKDB_PATH": str(path)},
                folder / target,
            ).start("build", **VARIABLES)
            for target in ("postgres", "duckdb")
        ]
        for output in map(warehouse.finish, runs):
            assert "WARN=0 ERROR=0 SKIP=0" in output
        yield Warehouse(box, path)


@pytest.fixture(scope="module")
def true(built: Warehouse) -> Truth:
    """What the marts must hold."""
    return Truth(built.box.simulator)


def by_key(mart: str, rows: list[Row]) -> dict[Key, Row]:
    """Return rows under their keys, without the organisation."""
    found = {tuple(row[name] for name in KEYS[mart][1:]): row for row in rows}
    assert len(found) == len(rows)
    return found


def assert_equal(landed: Cell, expected: Cell, *, exact: bool) -> None:
    """Compare two cells; quotients have as many digits as a database likes."""
    if exact or landed is None or expected is None or isinstance(expected, (bool, str)):
        assert landed == expected
    else:
        assert float(landed) == pytest.approx(float(expected), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("mart", sorted(name for name in dir(Truth) if name in KEYS))
def test_mart_is_true(built: Warehouse, true: Truth, mart: str) -> None:
    """Rows, counts, sums and rates; sums of money to the last digit."""
    with localcontext(Context(prec=100)):
        expected = getattr(true, mart)()
        landed = by_key(mart, built.postgres(mart))
        assert landed.keys() == expected.keys()
        for key, row in expected.items():
            for name, value in row.items():
                exact = name.endswith(SUMS)
                try:
                    assert_equal(landed[key][name], value, exact=exact)
                except AssertionError as error:
                    message = f"{mart} {key}: {name}: {error}"
                    raise AssertionError(message) from error


@pytest.mark.parametrize("mart", sorted(KEYS.keys() - LATER))
def test_databases_agree(built: Warehouse, mart: str) -> None:
    """DuckDB has the same rows; its money is rounded by the loader."""
    postgres, duckdb = by_key(mart, built.postgres(mart)), by_key(mart, built.duckdb(mart))
    assert postgres
    assert duckdb.keys() == postgres.keys()
    for key, row in postgres.items():
        for name, value in row.items():
            exact = not isinstance(value, (Decimal, float))
            assert_equal(duckdb[key][name], value, exact=exact)


def test_sources_are_the_catalog() -> None:
    """`python -m tests.dbt_sources --write` has nothing to write."""
    assert list(dbt_sources.changed()) == []


DOCUMENT = (ROOT / "docs" / "transform.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    """Return the block or table of the document that follows a mark."""
    text = DOCUMENT.split(f"<!-- {mark} -->\n")[1]
    if text.startswith("```"):
        return text.split("\n", 1)[1].split("\n```")[0]
    return text.split(f"<!-- /{mark} -->")[0]


def first_cells(mark: str) -> list[str]:
    """Return what stands in backticks in the first column of a table."""
    rows = re.findall(r"^\| (`.*?) \|", block(mark), re.MULTILINE)
    return [name for cell in rows for name in re.findall(r"`(.+?)`", cell)]


def test_document(built: Warehouse) -> None:
    """It names every mart and only variables that there are, and its query runs."""
    assert set(first_cells("marts")) == KEYS.keys()
    project = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text("utf-8"))
    variables = {
        "claude_analytics__using_<stream>" if "__using_" in name else name
        for name in project["vars"]["claude_analytics"]
    }
    named = first_cells("variables")
    shortened = [name.removeprefix("…") for name in named if name.startswith("…")]
    assert {name for name in named if not name.startswith("…")} == {
        name for name in variables if not name.endswith(tuple(shortened))
    }
    for mark in ("project", "organizations"):
        assert yaml.safe_load(block(mark))["vars"].keys() <= {
            *project["vars"]["claude_analytics"]
        }
    assert built.box.query(block("example"))


@pytest.mark.parametrize("target", ["postgres", "duckdb"])
def test_page(built: Warehouse, true: Truth, tmp_path: Path, target: str) -> None:
    """Its six figures are true, made by its program from either database."""
    file = tmp_path / "page.html"
    place = {"DBT_TARGET": target, "DBT_DUCKDB_PATH": str(built.path)}
    page.make({**built.box.environment, **place}, file)
    html = file.read_text(encoding="utf-8")
    figures = re.findall(r'class="value[^>]*>([^<]+)<', html)
    assert figures == page.expected(true)
    assert "Figures up to 2 Nov 2026 (activity) and 4 Nov 2026 (cost" in html
    assert "Not loaded, so not on this page: members" in html
