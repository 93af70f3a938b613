"""The dbt package: every number is the simulator's truth, in PostgreSQL and in DuckDB."""

import math
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
import yaml

from tests import dbt_sources, docs
from tests.sandbox import Sandbox
from tests.simulator import Options
from tests.system import transform_data, transform_truth, warehouse
from tests.system.warehouse import BUILT, LOADED, MARTS, PACKAGE, Cell, Dbt, Mart, Row

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="dbt-core 1.11 does not run on Python 3.14"
)

#: How the names of marts begin whose streams are not loaded here, but are by
#: `test_transform_package`.
NOT_LOADED = ("claude_invites", "claude_members", "claude_spend_limit", "claude_teams")

#: Columns that are sums, not quotients.
SUMS = ("_count", "cost_usd", "discount_usd", "metered_usd", "_month_usd", "total_tokens")

VARIABLES = {
    "claude_analytics__today": transform_data.TODAY.isoformat(),
    "claude_analytics__using_team_summaries": True,
    "claude_analytics__using_skills_by_user": True,
    "claude_analytics__using_connectors_by_user": True,
}
#: What is built in DuckDB. The package's tests of rows need not run there: the rows are
#: those of PostgreSQL, where they do, and in `test_transform_package` they do in DuckDB.
MODELS = ("--resource-type=model", "--resource-type=unit_test")


class Warehouse(NamedTuple):
    """Both databases with tables and marts."""

    box: Sandbox
    path: Path

    def postgres(self, table: str) -> list[Row]:
        """Return the rows of a table in PostgreSQL."""
        return warehouse.query_postgres(self.box.connect, f"select * from {table}")


@pytest.fixture(scope="module")
def built(
    meltano_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """Both databases, after `dbt build` with all tests of the package."""
    folder = tmp_path_factory.mktemp("transform")
    with Sandbox(Options(users=16, projects=4, skills=5, connectors=5, plugins=3)) as box:
        transform_data.fill(box, meltano_project)
        both = Warehouse(box, folder / "claude.duckdb")
        tables = [landed.table for landed in box.landed()]
        loaded = {table: both.postgres(f"{LOADED}.{table}") for table in tables}
        warehouse.create(both.path, LOADED, loaded)
        program = warehouse.install_dbt(folder / "dbt")

        def build(target: str, parts: tuple[str, ...]) -> None:
            place = {"DBT_TARGET": target, "DBT_DUCKDB_PATH": str(both.path)}
            dbt = Dbt(program, {**box.environment, **place}, folder / target)
            assert "WARN=0 ERROR=0 SKIP=0" in dbt.run("build", *parts, **VARIABLES)

        with ThreadPoolExecutor() as pool:
            list(pool.map(build, ("postgres", "duckdb"), ((), MODELS)))
        yield both


@pytest.fixture(scope="module")
def true(built: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """What the marts must hold, as views."""
    with transform_truth.connect(built.box.simulator) as connection:
        yield connection


def by_key(mart: str, rows: list[Row]) -> Mart:
    """Return rows under their keys, without the organisation."""
    found = {
        tuple(row[name] for name in warehouse.mart_keys()[mart][1:]): row for row in rows
    }
    assert len(found) == len(rows)
    return found


def assert_equal(landed: Mart, expected: Mart, exact: tuple[str, ...] = ()) -> None:
    """Compare what is expected, to the last digit in columns that end in one of `exact`."""
    assert expected
    assert landed.keys() == expected.keys()

    def is_equal(name: str, cell: Cell, wanted: Cell) -> bool:
        if cell is None or name.endswith(exact) or not isinstance(wanted, (Decimal, float)):
            return bool(cell == wanted)
        return math.isclose(cell, wanted, rel_tol=1e-9, abs_tol=1e-9)

    assert not [
        (key, name, landed[key][name], wanted)
        for key, row in expected.items()
        for name, wanted in row.items()
        if not is_equal(name, landed[key][name], wanted)
    ]


@pytest.mark.parametrize(
    "mart", re.findall(r"create view (claude_\w+)", transform_truth.VIEWS)
)
def test_mart_is_true(built: Warehouse, true: duckdb.DuckDBPyConnection, mart: str) -> None:
    """Rows, counts, sums and rates; sums of money to the last digit."""
    landed = by_key(mart, built.postgres(f"{BUILT}.{mart}"))
    assert_equal(landed, by_key(mart, warehouse.rows_of(true, f"from {mart}")), SUMS)


@pytest.mark.parametrize(
    "mart",
    sorted(p.stem for p in MARTS.glob("*.sql") if not p.stem.startswith(NOT_LOADED)),
)
def test_databases_agree(built: Warehouse, mart: str) -> None:
    """DuckDB has the same rows; its money is rounded by the loader."""
    table = f"{BUILT}.{mart}"
    landed = by_key(mart, warehouse.query(built.path, f"from {table}"))
    assert_equal(landed, by_key(mart, built.postgres(table)))


def test_sources_are_the_catalog() -> None:
    """`python -m tests.dbt_sources --write` has nothing to write."""
    assert dbt_sources.changed() == {}


def names_in(table: str) -> set[str]:
    """Return what stands in backticks in the first column of a table of the documents."""
    rows = re.findall(r"^\| .+", docs.part(table), re.MULTILINE)
    cells = [row.split(" | ")[0] for row in rows]
    return {name for cell in cells for name in re.findall(r"`(.+?)`", cell)}


def test_document(built: Warehouse) -> None:
    """It names every mart and only variables that there are, and its query runs."""
    assert names_in("marts") == warehouse.mart_keys().keys()
    project = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text("utf-8"))
    variables = set(project["vars"]["claude_analytics"])
    for mark in ("project", "organizations"):
        assert yaml.safe_load(docs.block(mark))["vars"].keys() <= variables
    named = names_in("variables")
    shortened = {name for name in named if name.startswith("…")}
    endings = tuple(name.removeprefix("…") for name in shortened)
    assert named - shortened == {
        "claude_analytics__using_<stream>" if "__using_" in name else name
        for name in variables
        if not name.endswith(endings)
    }
    assert built.box.query(docs.block("example"))


def test_page(built: Warehouse, true: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Its six figures are true, made by its program."""
    file = tmp_path / "page.html"
    warehouse.make_page({**built.box.environment, "DBT_TARGET": "postgres"}, file)
    html = file.read_text(encoding="utf-8")
    [figures] = true.execute("""
        select
            first(active_7_count order by date desc),
            first(seat_utilisation_7 order by date desc),
            (
                select sum(user_count) from claude_frequency_daily
                where date = '2026-11-02' and frequency in ('weekly', 'most days')
            ),
            (
                select sum(cost_usd) from claude_spend_daily
                where date between '2026-11-01' and '2026-11-04'
            ),
            (
                select cost_per_active_user from claude_spend_org_monthly
                where month_start = '2026-10-01'
            ),
            (
                select 100 * sum(accepted_count) / sum(decided_count)
                from claude_code_tools_daily
                where tool = 'all' and date between '2026-10-06' and '2026-11-02'
            )
        from claude_seats_daily
    """).fetchall()
    shown = "{} {:.0f}% {} ${:.2f} ${:.2f} {:.0f}%".format(*figures)
    assert re.findall(r'class="value[^>]*>([^<]+)<', html) == shown.split()
    assert "Figures up to 2 Nov 2026 (activity) and 4 Nov 2026 (cost" in html
    assert "Not loaded, so not on this page: members" in html
