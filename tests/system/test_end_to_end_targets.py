"""The tap piped into each target of the README's table, twice, without Meltano."""

from __future__ import annotations

import os
import sys
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from ruamel.yaml import YAML

from tests import ROOT, ledger, truth
from tests.simulator import Options, Simulator
from tests.singer import catalog_of, config_for
from tests.system.targets import TARGETS, Layout, Reread, Target
from tests.system.targets.environment import Environment, install
from tests.system.targets.landed import Leaves, Table, landed_leaves
from tests.system.targets.pipe import pipe
from tests.system.targets.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.simulator import Fact


TODAY = date(2026, 10, 9)
#: A Thursday: hardly anybody works at the weekend.
LAST = date(2026, 10, 8)
FIRST = LAST - timedelta(days=2)
#: The first run ends a day early, so that the second one has a new day, and reads this
#: one again, but not the first.
FIRST_RUN_LAST = LAST - timedelta(days=1)
DAYS = {"start_date": FIRST.isoformat(), "data_delay_days": 1, "lookback_days": 1}

#: More digits than a double has.
GROWTH = Decimal("1.00333333333333333333")
#: A field that no schema knows.
NOVELTY = {"novelty": {"depth": 1, "name": "näh"}}

FLATTENING = {
    "flattening_enabled": True,
    "flattening_max_depth": 5,
    "flattening_max_key_length": 64,
}

REPORTS = {
    "usage": ("cache_creation", "total_tokens", *ledger.MEASURES["usage"]),
    "cost": ("currency", "amount_usd", *ledger.MEASURES["cost"]),
}
GROUP_BY = ("actor", "product", "model")
KEYS = {stream: truth.KEYS[stream] for stream in truth.ALL} | dict.fromkeys(
    REPORTS, ("starting_at", "row_key")
)
SCHEMAS = {
    entry["stream"]: entry["schema"]
    for entry in catalog_of()["streams"]
    if entry["stream"] in KEYS
}

#: Where each kind of column that the table speaks of can be looked at.
EXAMPLES = {
    "money": ("cost", "amount"),
    "count": ("skills", "distinct_user_count"),
    "day": ("skills", "date"),
    "instant": ("skills", "snapshot_at"),
    "flag": ("artifacts", "is_shared"),
    "nested": ("skills", "chat_metrics"),
}

Case: TypeAlias = tuple[Target, Layout]
CASES = [(target, layout) for target in TARGETS for layout in target.layouts]
each_case = pytest.mark.parametrize(
    "case", CASES, ids=[f"{target}-{layout.value}" for target, layout in CASES]
)


@dataclass(frozen=True)
class Loaded:
    """A target's tables after the first run and after the second."""

    target: Target
    layout: Layout
    simulator: Simulator
    first: dict[str, Table]
    second: dict[str, Table]

    def leaves(self, stream: str) -> list[Leaves]:
        """Return all that has landed of a stream."""
        return landed_leaves(self.second[stream], SCHEMAS[stream], self.layout)

    def current(self, stream: str) -> list[Leaves]:
        """Return the rows that count, as the README tells them, without `snapshot_at`."""
        snapshots: dict[str, Any] = {}
        for reading in self.leaves("readings"):
            if reading["stream",] == stream:
                day, snapshot = reading["date",], reading["snapshot_at",]
                snapshots[day] = max(snapshot, snapshots.get(day, snapshot))
        return [
            {path: value for path, value in row.items() if path != ("snapshot_at",)}
            for row in self.leaves(stream)
            if row["snapshot_at",] >= snapshots[row["date",]]
        ]

    def shown(self, stream: str, records: list[dict[str, Any]]) -> Counter[Any]:
        """Return true records as this target can show them."""
        true = landed_leaves(Table({}, [], records), SCHEMAS[stream], Layout.NESTED)
        return counted(
            {path: self._rounded(value) for path, value in leaves.items()}
            for leaves in true
        )

    def _rounded(self, value: object) -> object:
        if isinstance(value, Decimal) and not self.target.exact:
            return Decimal(repr(float(value)))
        return value


def counted(rows: Iterable[Leaves]) -> Counter[Any]:
    """Count equal rows."""
    return Counter(frozenset(row.items()) for row in rows)


def true_records(
    simulator: Simulator, stream: str, last: date = LAST
) -> list[dict[str, Any]]:
    """Return what a stream holds in truth, from the first day on."""
    if stream in REPORTS:
        span = (FIRST, last + timedelta(days=1))
        rows = ledger.truth_rows(simulator, stream, span, "1d", GROUP_BY)
        with localcontext(ledger.EXACT):
            for row in rows:
                row["amount_usd"] = Decimal(row.get("amount", 0)) / 100
        names = ("starting_at", *GROUP_BY, *REPORTS[stream])
        return [{name: row[name] for name in names} for row in rows]
    days = [FIRST + timedelta(days=n) for n in range((last - FIRST).days + 1)]
    records = [record for day in days for record in truth.records(simulator, stream, day)]
    for record in records:
        if "novelty" in record:
            record["additional_fields"] = {"novelty": record.pop("novelty")}
    return records


def with_novelty(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with a field that is new."""
    return [{**row, **NOVELTY} for row in rows]


def revised(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with one count changed."""
    return [{**row, "distinct_user_count": 1000} for row in rows]


def dearer(facts: list[Fact]) -> list[Fact]:
    """Return the facts with money of more digits."""
    return [fact.scaled(GROWTH) for fact in facts]


def load(case: Case, environment: Environment, folder: Path) -> Loaded:
    """Run the tap into a target twice, with a day revised in between."""
    target, layout = case
    output = folder / "output"
    output.mkdir(parents=True)
    flattening = FLATTENING if layout is Layout.FLATTENED else {}
    with (
        Simulator(Options(users=12)) as simulator,
        open_store(target.package, environment, output) as store,
    ):
        tap = config_for(simulator, **DAYS, **flattening)
        program = environment.program(target.program)
        settings = {**store.settings, **dict(target.settings)}
        truth.assert_busy(simulator, "artifacts", FIRST)
        simulator.edit("artifacts", FIRST, with_novelty)
        first_run = {**tap, "end_date": FIRST_RUN_LAST.isoformat()}
        pipe(folder, first_run, program, settings)
        first = store.read()
        for endpoint in ("skills", "plugins", "chat_projects"):
            truth.assert_busy(simulator, endpoint, FIRST_RUN_LAST)
            simulator.edit(endpoint, FIRST_RUN_LAST, revised)
        simulator.revise(FIRST_RUN_LAST, dearer)
        second_run = {**tap, "end_date": LAST.isoformat()}
        pipe(folder, second_run, program, settings)
        return Loaded(target, layout, simulator, first, store.read())


@pytest.fixture(scope="module")
def all_loaded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Case, Future[Loaded]]]:
    """Every case that is asked for, being loaded side by side."""
    folder = tmp_path_factory.mktemp("targets")
    asked = {
        item.callspec.params.get("case")
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
    }
    cases = [case for case in CASES if case in asked and installs(case[0])]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # They begin in this order: nobody waits for an installation that has not begun.
        environments = {
            target: pool.submit(install, target, folder / target.package)
            for target in dict.fromkeys(target for target, _ in cases)
        }

        def load_into(case: Case) -> Loaded:
            target, layout = case
            place = folder / f"{target.package}-{layout.value}"
            return load(case, environments[target].result(), place)

        yield {case: pool.submit(load_into, case) for case in cases}


@pytest.fixture
def loaded(case: Case, all_loaded: dict[Case, Future[Loaded]]) -> Loaded:
    """What this case has loaded."""
    if not installs(case[0]):
        pytest.skip(f"{case[0].package} does not install on this Python")
    return all_loaded[case].result()


def installs(target: Target) -> bool:
    """Tell whether a target can be had for this Python."""
    return target.python_before is None or sys.version_info < target.python_before


@each_case
@pytest.mark.parametrize("stream", truth.STREAMS)
def test_current_rows_are_the_truth(loaded: Loaded, stream: str) -> None:
    """Every value of every row; what is null stays null."""
    expected = loaded.shown(stream, true_records(loaded.simulator, stream))
    assert expected
    assert counted(loaded.current(stream)) == expected


@each_case
@pytest.mark.parametrize("stream", REPORTS)
def test_current_reports_are_the_truth(loaded: Loaded, stream: str) -> None:
    """Tokens, and money to the last digit that the target can hold."""
    records = true_records(loaded.simulator, stream)
    names = records[0].keys()
    current = [
        {path: value for path, value in row.items() if path[0] in names}
        for row in loaded.current(stream)
    ]
    assert counted(current) == loaded.shown(stream, records)


@each_case
def test_some_money_has_more_digits_than_a_double(loaded: Loaded) -> None:
    """Or an exact target could not be told from one that rounds."""
    costs = true_records(loaded.simulator, "cost")
    amounts = {Decimal(record["amount"]) for record in costs}
    assert amounts != {Decimal(repr(float(amount))) for amount in amounts}


@each_case
@pytest.mark.parametrize("stream", [*truth.STREAMS, *REPORTS])
def test_numbers_of_rows(loaded: Loaded, stream: str) -> None:
    """After the first run exactly the truth, after the second as the table says."""
    simulator, second = loaded.simulator, len(loaded.second[stream].rows)
    assert len(loaded.first[stream].rows) == len(
        true_records(simulator, stream, FIRST_RUN_LAST)
    )
    true = len(true_records(simulator, stream))
    if loaded.target.reread is Reread.REPLACED:
        assert second == true
    else:
        readings = loaded.leaves("readings")
        counts = [row["row_count",] for row in readings if row["stream",] == stream]
        assert second == sum(counts)
        # Of the other streams, a day may be empty.
        assert second > true or stream not in REPORTS


@each_case
@pytest.mark.parametrize("stream", KEYS)
def test_keys_are_unique_and_never_null(loaded: Loaded, stream: str) -> None:
    """In the database, where there is one, by a primary key."""
    replaced = loaded.target.reread is Reread.REPLACED
    keys, kept = KEYS[stream], set(loaded.second[stream].key)
    assert kept == (set(keys) if replaced else set())
    names = keys if replaced else (*keys, "snapshot_at")
    rows = [tuple(row[name,] for name in names) for row in loaded.leaves(stream)]
    assert len(set(rows)) == len(rows) > 0


@each_case
@pytest.mark.parametrize("kind", EXAMPLES)
def test_types_are_those_of_the_table(loaded: Loaded, kind: str) -> None:
    """The table tells of the columns as they are."""
    stream, column = EXAMPLES[kind]
    flattened = kind == "nested" and loaded.layout is Layout.FLATTENED
    expected = None if flattened else getattr(loaded.target, kind)
    assert loaded.second[stream].types.get(column) == expected


@each_case
def test_timestamps_keep_what_the_table_says(loaded: Loaded) -> None:
    """Days keep no time at all, so this is about `snapshot_at`."""
    snapshots = {row["snapshot_at",] for row in loaded.leaves("readings")}
    whole = {snapshot.replace(microsecond=0) for snapshot in snapshots}
    assert (snapshots == whole) == loaded.target.whole_seconds


def test_the_project_installs_what_the_table_says() -> None:
    """`meltano.yml` has the same requirements."""
    project = YAML(typ="safe").load(ROOT / "meltano.yml")
    loaders = {loader["pip_url"] for loader in project["plugins"]["loaders"]}
    assert loaders <= {target.requirement for target in TARGETS}
