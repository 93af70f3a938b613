"""What two runs of the tap become in each target of the README's table."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest
from ruamel.yaml import YAML

from tests import ROOT, dbt_sources, fake_clock, ledger, truth
from tests.simulator import Options, Simulator
from tests.singer import catalog_of, config_for
from tests.system.targets.environment import SCRIPTS, install, variables
from tests.system.targets.landed import Leaves, Table, counted, landed_leaves
from tests.system.targets.stores import OPENERS
from tests.system.targets.table import TARGETS, Layout, Target
from tests.system.test_end_to_end import dearer, revised

TODAY = date(2026, 10, 9)
#: A Thursday: hardly anybody works at the weekend.
LAST = date(2026, 10, 8)
FIRST = LAST - timedelta(days=2)
#: The first run ends a day early, so that the second one has a new day, and reads this
#: one again, but not the first.
FIRST_RUN_LAST = LAST - timedelta(days=1)
DAYS = {"start_date": FIRST.isoformat(), "data_delay_days": 1, "lookback_days": 1}

#: A field that no schema knows.
NOVELTY = {"novelty": {"depth": 1, "name": "näh"}}

STREAMS = (*truth.STREAMS, "cost")
GROUP_BY = ("actor", "product", "model")
#: The columns of cost that are compared: `actor_id` and such stand beside the truth.
COST = ("starting_at", *GROUP_BY, "currency", "amount_usd", *ledger.MEASURES["cost"])
KEYS = truth.KEYS | ledger.REPORT_KEYS
SCHEMAS = {entry["stream"]: entry["schema"] for entry in catalog_of()["streams"]}

#: Where each kind of column that the table speaks of can be looked at.
EXAMPLES = {
    "money": ("cost", "amount"),
    "count": ("skills", "distinct_user_count"),
    "day": ("skills", "date"),
    "instant": ("skills", "snapshot_at"),
    "flag": ("artifacts", "is_shared"),
    "nested": ("skills", "chat_metrics"),
}

Records: TypeAlias = list[dict[str, Any]]
CASES = [(target, layout) for target in TARGETS for layout in target.layouts]
each_stream = pytest.mark.parametrize("stream", STREAMS)


class Written(NamedTuple):
    """What the tap wrote in two runs, and what is true after the second."""

    runs: dict[Layout, list[Path]]
    true: dict[str, Records]


@dataclass(frozen=True)
class Loaded:
    """A target's tables after both runs."""

    target: Target
    layout: Layout
    tables: dict[str, Table]

    def leaves(self, stream: str) -> list[Leaves]:
        """Return all that has landed of a stream."""
        return landed_leaves(self.tables[stream].rows, SCHEMAS[stream], self.layout)

    def current(self, stream: str) -> list[Leaves]:
        """Return the rows that count, as the README tells them, without `snapshot_at`."""
        snapshots: dict[str, Any] = {}
        for reading in self.leaves("readings"):
            if reading["stream",] == stream:
                day, snapshot = reading["date",], reading["snapshot_at",]
                snapshots[day] = max(snapshot, snapshots.get(day, snapshot))
        compared = SCHEMAS[stream]["properties"].keys() - {"snapshot_at"}
        if stream == "cost":
            compared &= {*COST}
        return [
            {path: value for path, value in row.items() if path[0] in compared}
            for row in self.leaves(stream)
            if row["snapshot_at",] >= snapshots[row["date",]]
        ]

    def shown(self, stream: str, records: Records) -> list[Leaves]:
        """Return true records as this target can show them."""
        rows = landed_leaves(records, SCHEMAS[stream], Layout.NESTED)
        for row in [] if self.target.exact else rows:
            for path, value in row.items():
                if isinstance(value, Decimal):
                    row[path] = rounded(value)
        return rows


def rounded(number: Decimal) -> Decimal:
    """Return a number as a double has it."""
    return Decimal(repr(float(number)))


def true_records(simulator: Simulator, stream: str) -> Records:
    """Return what a stream holds in truth, from the first day on."""
    if stream == "cost":
        span = (FIRST, LAST + timedelta(days=1))
        rows = ledger.truth_rows(simulator, stream, span, "1d", GROUP_BY)
        for row in rows:
            row["amount_usd"] = Decimal(row["amount"]).scaleb(-2, ledger.EXACT)
        return [{name: row[name] for name in COST} for row in rows]
    days = [FIRST + timedelta(days=n) for n in range(3)]
    records = [record for day in days for record in truth.records(simulator, stream, day)]
    for record in records:
        if "novelty" in record:
            record["additional_fields"] = {"novelty": record.pop("novelty")}
    return records


def configured(folder: Path, settings: Mapping[str, Any]) -> tuple[str, str]:
    """Write settings to a file, and return the options that name it."""
    path = folder / "config.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return "--config", str(path)


def environment(last: date) -> dict[str, str]:
    """Return an environment with the time of the run up to a day: they are an hour apart.

    Both may fit into a second, which is all that the names of some targets' files and the
    timestamps of others tell.
    """
    hour = 12 if last == FIRST_RUN_LAST else 13
    moment = datetime.combine(TODAY, time(hour), timezone.utc)
    return fake_clock.at(moment, variables())


def run_tap(simulator: Simulator, folder: Path, last: date, layout: Layout) -> Path:
    """Run the tap up to a day, from where its run before in this folder ended."""
    settings = config_for(simulator, **DAYS, end_date=last.isoformat())
    if layout is Layout.FLATTENED:
        settings |= dbt_sources.project_settings()
    command = [str(SCRIPTS / "tap-claude-analytics"), *configured(folder, settings)]
    for before in folder.glob("*.jsonl"):
        state = folder / "state.json"
        state.write_text(json.dumps(last_state(before)), encoding="utf-8")
        command += ["--state", str(state)]
    output = folder / f"{last}.jsonl"
    with output.open("wb") as messages:
        subprocess.run(command, stdout=messages, env=environment(last), check=True)
    return output


def last_state(output: Path) -> dict[str, Any]:
    """Return the last state that the tap wrote."""
    message = json.loads(output.read_text(encoding="utf-8").splitlines()[-1])
    assert message["type"] == "STATE"
    return dict(message["value"])


def load(program: str, settings: Mapping[str, Any], messages: Path, folder: Path) -> None:
    """Let a target load what the tap wrote; it hands on the state for the next run."""
    last = date.fromisoformat(messages.stem)
    with messages.open("rb") as written:
        done = subprocess.run(
            [program, *configured(folder, settings)],
            stdin=written,
            capture_output=True,
            env=environment(last),
            check=False,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr[-800:]
    assert json.loads(done.stdout.splitlines()[-1]) == last_state(messages)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Two runs of the tap in each layout, with a day revised in between."""
    folders = {layout: tmp_path_factory.mktemp(layout.value) for layout in Layout}
    with Simulator(Options(users=12)) as simulator:
        truth.assert_busy(simulator, "artifacts", FIRST)
        simulator.edit("artifacts", FIRST, lambda rows: [row | NOVELTY for row in rows])
        runs = {
            layout: [run_tap(simulator, folders[layout], FIRST_RUN_LAST, layout)]
            for layout in Layout
        }
        for endpoint in ("skills", "plugins", "chat_projects"):
            truth.assert_busy(simulator, endpoint, FIRST_RUN_LAST)
            simulator.edit(endpoint, FIRST_RUN_LAST, revised)
        simulator.revise(FIRST_RUN_LAST, dearer)
        for layout in Layout:
            runs[layout].append(run_tap(simulator, folders[layout], LAST, layout))
        true = {stream: true_records(simulator, stream) for stream in STREAMS}
    # Or an exact target could not be told from one that rounds.
    amounts = {Decimal(record["amount"]) for record in true["cost"]}
    assert amounts != set(map(rounded, amounts))
    return Written(runs, true)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Target], Path]:
    """Installs a target once, and returns the folder of its programs."""
    return cache(lambda target: install(target, tmp_path_factory.mktemp("target") / "env"))


@pytest.fixture(
    scope="module",
    params=CASES,
    ids=[f"{target}-{layout.value}" for target, layout in CASES],
)
def loaded(
    request: pytest.FixtureRequest,
    written: Written,
    installed: Callable[[Target], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Loaded:
    """What a target has loaded of both runs."""
    target, layout = request.param
    if target.python_before is not None and sys.version_info >= target.python_before:
        pytest.skip(f"{target.package} does not install on this Python")
    programs = installed(target)
    folder, output = (tmp_path_factory.mktemp(name) for name in ("target", "output"))
    with OPENERS[target.package](programs, output) as store:
        settings = {**store.settings, **dict(target.settings)}
        for messages in written.runs[layout]:
            load(str(programs / target.program), settings, messages, folder)
        return Loaded(target, layout, store.read())


@each_stream
def test_current_rows_are_the_truth(loaded: Loaded, written: Written, stream: str) -> None:
    """Every value of every row, to the last digit it can hold; what is null stays null."""
    expected = loaded.shown(stream, written.true[stream])
    assert expected
    assert counted(loaded.current(stream)) == counted(expected)


@each_stream
def test_numbers_of_rows(loaded: Loaded, written: Written, stream: str) -> None:
    """Rows that are read again replace older ones or stand beside them."""
    true, landed = len(written.true[stream]), len(loaded.tables[stream].rows)
    if loaded.target.replaces:
        assert landed == true
    else:
        readings = loaded.leaves("readings")
        counts = [row["row_count",] for row in readings if row["stream",] == stream]
        assert landed == sum(counts)
        # Of the other streams, a day may be empty.
        assert landed > true or stream != "cost"


@pytest.mark.parametrize("stream", [*STREAMS, "readings"])
def test_keys_are_unique_and_never_null(loaded: Loaded, stream: str) -> None:
    """In the database, where there is one, by a primary key."""
    replaces = loaded.target.replaces
    keys, kept = KEYS[stream], set(loaded.tables[stream].key)
    assert kept == (set(keys) if replaces else set())
    names = keys if replaces else (*keys, "snapshot_at")
    rows = [tuple(row[name,] for name in names) for row in loaded.leaves(stream)]
    assert len(set(rows)) == len(rows) > 0


@pytest.mark.parametrize("kind", EXAMPLES)
def test_types_are_those_of_the_table(loaded: Loaded, kind: str) -> None:
    """The table tells of the columns as they are."""
    stream, column = EXAMPLES[kind]
    flattened = kind == "nested" and loaded.layout is Layout.FLATTENED
    expected = None if flattened else getattr(loaded.target, kind)
    assert loaded.tables[stream].types.get(column) == expected


def test_timestamps_keep_what_the_table_says(loaded: Loaded) -> None:
    """Days keep no time at all, so this is about `snapshot_at`."""
    snapshots = {row["snapshot_at",] for row in loaded.leaves("readings")}
    whole = {snapshot.replace(microsecond=0) for snapshot in snapshots}
    assert (snapshots == whole) == loaded.target.whole_seconds


def test_the_project_installs_what_the_table_says() -> None:
    """`meltano.yml` has the same requirements."""
    project = YAML(typ="safe").load(ROOT / "meltano.yml")
    loaders = {loader["pip_url"] for loader in project["plugins"]["loaders"]}
    assert loaders <= {target.requirements[0] for target in TARGETS}
