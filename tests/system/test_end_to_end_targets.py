"""What two runs of the tap become in each target of the README's table."""

import json
import subprocess
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest
import yaml

from tests import ROOT, dbt_sources, fake_clock, ledger, truth
from tests.simulator import Options, Simulator
from tests.singer import config_for
from tests.system.targets.environment import SCRIPTS, install, variables
from tests.system.targets.landed import Loaded, rounded
from tests.system.targets.stores import OPENERS
from tests.system.targets.table import FLATTENED, NESTED, TARGETS, Target
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
Case: TypeAlias = tuple[Target, Loaded]
CASES = [(target, layout) for target in TARGETS for layout in target.layouts]


class Written(NamedTuple):
    """Where the tap wrote in two runs, by layout, and what is true after the second."""

    folders: dict[str, Path]
    true: dict[str, Records]


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


def run_tap(simulator: Simulator, folder: Path, last: date, layout: str) -> None:
    """Run the tap up to a day, from where its run before in this folder ended."""
    settings = config_for(simulator, **DAYS, end_date=last.isoformat())
    if layout == FLATTENED:
        settings |= dbt_sources.project_settings()
    command = [str(SCRIPTS / "tap-claude-analytics"), *configured(folder, settings)]
    for before in folder.glob("*.jsonl"):
        state = folder / "state.json"
        state.write_text(json.dumps(last_state(before)), encoding="utf-8")
        command += ["--state", str(state)]
    with (folder / f"{last}.jsonl").open("wb") as messages:
        subprocess.run(command, stdout=messages, env=environment(last), check=True)


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
    folders = {layout: tmp_path_factory.mktemp(layout) for layout in (NESTED, FLATTENED)}
    with Simulator(Options(users=12)) as simulator:
        truth.assert_busy(simulator, "artifacts", FIRST)
        simulator.edit("artifacts", FIRST, lambda rows: [row | NOVELTY for row in rows])
        for layout, folder in folders.items():
            run_tap(simulator, folder, FIRST_RUN_LAST, layout)
        for endpoint in ("skills", "plugins", "chat_projects"):
            truth.assert_busy(simulator, endpoint, FIRST_RUN_LAST)
            simulator.edit(endpoint, FIRST_RUN_LAST, revised)
        simulator.revise(FIRST_RUN_LAST, dearer)
        for layout, folder in folders.items():
            run_tap(simulator, folder, LAST, layout)
        true = {stream: true_records(simulator, stream) for stream in STREAMS}
    # Or an exact target could not be told from one that rounds.
    amounts = {Decimal(record["amount"]) for record in true["cost"]}
    assert amounts != set(map(rounded, amounts))
    return Written(folders, true)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Target], Path]:
    """Installs a target once, and returns the folder of its programs."""
    return cache(lambda target: install(target, tmp_path_factory.mktemp("target") / "env"))


@pytest.fixture(
    scope="module",
    params=CASES,
    ids=[f"{target}-{layout}" for target, layout in CASES],
)
def case(
    request: pytest.FixtureRequest,
    written: Written,
    installed: Callable[[Target], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Case:
    """A target, and what it has loaded of both runs."""
    target, layout = request.param
    if not target.knows_python:
        pytest.skip(f"{target.package} does not install on this Python")
    programs = installed(target)
    folder, output = (tmp_path_factory.mktemp(name) for name in ("target", "output"))
    with OPENERS[target.package](programs, output) as store:
        settings = {**store.settings, **target.settings}
        for messages in sorted(written.folders[layout].glob("*.jsonl")):
            load(str(programs / target.program), settings, messages, folder)
        return target, Loaded(layout, store.read(), target.is_exact)


@pytest.mark.parametrize("stream", STREAMS)
def test_current_rows_are_the_truth(case: Case, written: Written, stream: str) -> None:
    """Every value of every row, to the last digit it can hold; what is null stays null."""
    _, loaded = case
    fields = COST if stream == "cost" else ()
    loaded.assert_current(stream, written.true[stream], fields)


@pytest.mark.parametrize("stream", [*STREAMS, "usage"])
def test_rows_read_again(case: Case, stream: str) -> None:
    """They replace the older ones, by primary key, or stand beside them."""
    target, loaded = case
    for table in (stream, "readings"):
        kept = KEYS[table] if target.replaces else ()
        assert sorted(loaded.tables[table].key) == sorted(kept)
    readings = [row for row in loaded.leaves("readings") if row["stream",] == stream]
    days = [FIRST, *([FIRST_RUN_LAST] * (1 if target.replaces else 2)), LAST]
    assert sorted(row["date",] for row in readings) == [day.isoformat() for day in days]
    names = KEYS[stream] if target.replaces else (*KEYS[stream], "snapshot_at")
    rows = [tuple(row[name,] for name in names) for row in loaded.leaves(stream)]
    assert len(set(rows)) == len(rows) == sum(row["row_count",] for row in readings) > 0


def test_columns_are_those_of_the_table(case: Case) -> None:
    """Days keep no time at all, so fractions of a second are those of `snapshot_at`."""
    target, loaded = case
    types = dict(target.types)
    if loaded.layout == FLATTENED:
        types.pop("nested", None)
    found = {
        kind: loaded.tables[stream].types.get(column)
        for kind, (stream, column) in EXAMPLES.items()
    }
    assert found == {**dict.fromkeys(EXAMPLES), **types}
    snapshots = {row["snapshot_at",] for row in loaded.leaves("readings")}
    whole = {snapshot.replace(microsecond=0) for snapshot in snapshots}
    assert (snapshots == whole) == target.has_whole_seconds


def test_the_project_installs_what_the_table_says() -> None:
    """`meltano.yml` has the same requirements."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    loaders = {loader["pip_url"] for loader in project["plugins"]["loaders"]}
    assert loaders <= {target.requirements[0] for target in TARGETS}
