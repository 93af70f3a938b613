"""The page on production does what it says."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pendulum
import pytest
import yaml
from meltano.core.utils import deep_merge

from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA
from tests import dbt_sources, truth
from tests.sandbox import Sandbox
from tests.simulator import Options, Request, Simulator
from tests.system.conftest import SECONDS
from tests.system.targets.landed import SCHEMAS, Loaded, counted
from tests.system.targets.stores import loaded_by_the_project
from tests.system.test_production_page import block, masked, table

SCHEMA = "tap_claude_analytics"
#: Where a single run of the same days is loaded.
WHOLE = "whole"
ORGANISATIONS = ("acme", "globex")
#: What is read of them, for the plugins' parent says so.
SELECTED = ("artifacts", "user_summaries", "readings")
REPORTS = ("usage", "cost")
STREAMS = (*truth.STREAMS, *REPORTS)

#: A Tuesday, before which even three projects are used.
TODAY = pendulum.Date(2026, 11, 3)
#: The first day of each part, then the youngest day of the first runs, then of the last.
FIRST, SECOND, NEWEST, LAST_OF_FIRST, LAST = (
    TODAY.subtract(days=n) for n in (13, 10, 7, 4, 3)
)
#: The days of the page, and those that stand for them here.
DAYS = {
    "2026-01-01": FIRST.isoformat(),
    "2026-04-30": SECOND.subtract(days=1).isoformat(),
    "2026-05-01": SECOND.isoformat(),
    "2026-08-31": NEWEST.subtract(days=1).isoformat(),
    "2026-09-01": NEWEST.isoformat(),
}
#: What happens to days between the first runs and the daily one: a day of the newest
#: part is revised that only its state knows of, and so is one that is reloaded.
REPORT_LOOKBACK = 6
REVISED, RELOADED = TODAY.subtract(days=REPORT_LOOKBACK), FIRST.add(days=1)

PER_MINUTE = re.compile(r"(?<=requests_per_minute: )\d+")
#: One run of everything, without Meltano.
PLAIN = (
    "tap-claude-analytics --config=ENV 2> plain.log"
    " | .meltano/loaders/target-postgres/venv/bin/target-postgres --config=ENV"
)


def with_days(script: str) -> str:
    """Return commands with other days than the page's; they may name no more."""
    return re.sub(r"\d{4}-\d\d-\d\d", lambda day: DAYS[day.group()], script)


def make_project(installed: Path, folder: Path) -> None:
    """Make a project with the same plugins, and with what the page adds to it."""
    plugins = installed / ".meltano"
    plugins.mkdir(exist_ok=True)
    (folder / ".meltano").symlink_to(plugins)
    # Where people keep the programs that they run.
    (folder / ".venv").symlink_to(sys.prefix)
    files = [
        (installed / "meltano.yml").read_text(encoding="utf-8"),
        *map(block, ("schedule", "several organisations", "meltano logs")),
        PER_MINUTE.sub("10000", with_days(block("older parts"))),
    ]
    project = deep_merge(*map(yaml.safe_load, files))
    (folder / "meltano.yml").write_text(yaml.safe_dump(project), encoding="utf-8")


class Production(NamedTuple):
    """What landed, was asked for and was logged when the page's commands had run."""

    box: Sandbox
    globex: Simulator
    parts: Loaded
    whole: Loaded
    #: What the second run of the daily job asked for, and the reload at the same time.
    asked_later: Sequence[Request]
    #: The project, with the logs.
    folder: Path


@pytest.fixture(scope="module")
def production(
    meltano_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Production]:
    """A first load in parts, then a daily run and a reload, and two organisations."""
    folder = tmp_path_factory.mktemp("project")
    make_project(meltano_project, folder)
    globex = Simulator(Options(users=3, projects=2, seed=8, api_key="sk-ant-api01-globex"))
    with (
        Sandbox(Options(users=5, projects=3)) as box,
        globex,
        ThreadPoolExecutor() as pool,
    ):
        del box.environment["MELTANO_CLI_LOG_FORMAT"]
        box.environment["TAP_CLAUDE_ANALYTICS_MAX_PARALLEL_REQUESTS"] = "2"
        box.environment["TAP_CLAUDE_ANALYTICS_REPORT_LOOKBACK_DAYS"] = str(REPORT_LOOKBACK)

        def script(text: str, **variables: object) -> None:
            """Run commands of the page in the project's folder."""
            values = [f"{name}={value}" for name, value in variables.items()]
            # What runs in the background has no exit code that the shell would tell.
            command = ["env", *values, "sh", "-ec", text]
            done = box.run(command, folder=folder, timeout=SECONDS)
            assert done.returncode == 0, done.stderr[-5000:]

        [schedule] = yaml.safe_load(block("schedule"))["schedules"]
        begins = f"{schedule['interval']} cd /srv/analytics && "
        assert block("cron").startswith(begins)
        daily = block("cron").removeprefix(begins)
        young = {"TAP_CLAUDE_ANALYTICS_DATA_DELAY_DAYS": (TODAY - LAST_OF_FIRST).days}
        script(with_days(block("newest part")), **young)
        script(block("run parts"))
        truth.assert_busy(box.simulator, "skills", RELOADED)
        assert box.simulator.facts(REVISED)
        box.simulator.edit(
            "skills",
            RELOADED,
            lambda rows: [row | {"distinct_user_count": 1000} for row in rows[1:]],
        )
        box.simulator.revise(REVISED, lambda facts: [f.scaled(Decimal(2)) for f in facts])
        box.simulator.requests.clear()
        list(pool.map(script, (daily, block("reload"))))
        asked_later = list(box.simulator.requests)
        # Meltano would go by this file too.
        (folder / "logging.yaml").write_text(block("logging.yaml"), encoding="utf-8")
        plain = pool.submit(
            script,
            PLAIN,
            **{
                f"TAP_CLAUDE_ANALYTICS_{name.upper()}": value
                for name, value in dbt_sources.project_settings().items()
            },
            SINGER_SDK_LOG_CONFIG="logging.yaml",
            TAP_CLAUDE_ANALYTICS_START_DATE=FIRST,
            TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA=WHOLE,
        )
        names = [line.partition("=")[0] for line in block("keys").splitlines()]
        keys = (box.simulator.options.api_key, globex.options.api_key)
        script(
            block("run both"),
            **dict(zip(names, keys, strict=True)),
            TAP_CLAUDE_GLOBEX_API_URL=globex.url,
            TAP_CLAUDE_ANALYTICS_START_DATE=LAST.subtract(days=2),
            TAP_CLAUDE_ANALYTICS__SELECT=json.dumps([f"{name}.*" for name in SELECTED]),
        )
        plain.result()
        parts, whole = (loaded_by_the_project(box, schema) for schema in (SCHEMA, WHOLE))
        yield Production(box, globex, parts, whole, asked_later, folder)


@pytest.mark.parametrize("stream", STREAMS)
def test_parts_are_the_whole(production: Production, stream: str) -> None:
    """Exactly: the current rows are those of a single run that read everything again.

    But for today's, and for when they were read.
    """
    fields = SCHEMAS[stream]["properties"].keys() - {"snapshot_at", "data_refreshed_at"}
    parts, whole = (
        [row for row in loaded.current(stream, fields) if row["date",] < str(TODAY)]
        for loaded in (production.parts, production.whole)
    )
    assert whole
    assert counted(parts) == counted(whole)


def test_all_days_have_been_read(production: Production) -> None:
    """No part left one out; usage and cost are read up to today."""
    spans = production.box.query(
        f"select stream, min(date), max(date), count(*) from {SCHEMA}.readings group by 1"
    )
    ends = dict.fromkeys(truth.STREAMS, LAST) | dict.fromkeys(REPORTS, TODAY)
    assert sorted(spans) == [
        (stream, FIRST, ends[stream], (ends[stream] - FIRST).days + 1)
        for stream in sorted(STREAMS)
    ]


def test_the_daily_run_goes_on_from_the_newest_part(production: Production) -> None:
    """It reads the lookback, the new day and what was revised, and no more."""
    reloaded = [FIRST.add(days=n) for n in range((SECOND - FIRST).days)]
    lookback = [LAST_OF_FIRST.subtract(days=n) for n in (2, 1, 0)]
    asked = [r.params["date"][0] for r in production.asked_later if r.path == "users"]
    assert sorted(asked) == [day.isoformat() for day in (*reloaded, *lookback, LAST)]
    starts = sorted(
        r.params["starting_at"][0][:10]
        for r in production.asked_later
        if r.path == "cost" and "actor" in r.params["group_by[]"]
    )
    assert starts[:2] == [FIRST.isoformat(), REVISED.isoformat()]


def test_days_and_limits_of_the_parts() -> None:
    """What stands on the page fits together, as the days here do."""
    for days in (list(DAYS), list(DAYS.values())):
        first, end, second, second_end, newest = map(date.fromisoformat, days)
        assert first < end < second < second_end < newest
        assert (second - end).days == (newest - second_end).days == 1
    limits = PER_MINUTE.findall(block("older parts"))
    default = CONFIG_JSONSCHEMA["properties"]["requests_per_minute"]["default"]
    assert sum(map(int, limits)) == default


def test_organisations_have_schemas_of_their_own(production: Production) -> None:
    """With the same keys in both, and nothing of the one in the other.

    The first one has no address of its own: it takes that of the plugin it inherits from.
    """
    box = production.box
    simulators = (box.simulator, production.globex)
    days = [LAST.subtract(days=n) for n in (2, 1, 0)]
    for schema, simulator in zip(ORGANISATIONS, simulators, strict=True):
        loaded = loaded_by_the_project(box, schema)
        assert loaded.tables.keys() == set(SELECTED)
        for stream in SELECTED[:2]:
            true = [r for day in days for r in truth.records(simulator, stream, day)]
            loaded.assert_current(stream, true)
            assert len(loaded.tables[stream].rows) == len(true)
    assert box.query(
        "select 1 from acme.artifacts join globex.artifacts"
        " using (date, artifact_type, is_shared)"
    )


def json_lines(production: Production, log: str) -> list[dict[str, Any]]:
    """Return the lines of a log, but for that with Meltano's version."""
    lines = (production.folder / log).read_text(encoding="utf-8").splitlines()
    return [
        json.loads(line) for line in lines if not re.search(r" meltano +Meltano \d", line)
    ]


def is_end_of_run(messages: Sequence[str]) -> bool:
    """Tell whether the messages say what was read as the page shows it."""
    shown = masked(block("progress").splitlines()[-1])
    return any(masked(m).replace("seconds", "minutes") == shown for m in messages)


#: The metrics of the page that are written at level INFO.
METRICS = {n for n, told in table("metrics").items() if not told.endswith("at level DEBUG")}


def test_meltano_logs_json(production: Production) -> None:
    """Each line; metrics and the last line are among them."""
    lines = json_lines(production, "run.log")
    own = [line for line in lines if line.get("name") == "tap-claude-analytics"]
    metrics = {line["metric_info"]["metric"] for line in own if line["event"] == "METRIC"}
    assert metrics == METRICS
    assert is_end_of_run([line["event"] for line in own])


def test_plain_singer_logs_json(production: Production) -> None:
    """The metrics go into a file of their own."""
    assert is_end_of_run([line["message"] for line in json_lines(production, "plain.log")])
    points = json_lines(production, "metrics.jsonl")
    assert {point["message"] for point in points} == {"METRIC"}
    own = [point["metric_info"] for point in points]
    assert {point["metric"] for point in own} >= METRICS
    counted = {p["tags"]["stream"] for p in own if p["metric"] == "record_count"}
    assert counted >= {*STREAMS, "readings"}


def alerts(box: Sandbox, *changes: str) -> dict[str, tuple[Any, ...]]:
    """Return what the query shows after changes to the tables, which are undone."""
    query = block("freshness")
    assert query.count("now()") == 1
    # PostgreSQL's clock is the machine's.
    query = query.replace("now()", f"timestamptz '{TODAY} 12:00Z'")
    with box.connect() as connection, connection.transaction(force_rollback=True):
        for change in changes:
            connection.execute(change.encode())
        rows = connection.execute(query.encode()).fetchall()
    return {str(stream): tuple(rest) for stream, *rest in rows}


def test_what_the_query_shows(production: Production) -> None:
    """Each kind of gap, in a stream of its own, and nothing after a run.

    The youngest days of usage and cost are not complete, and that is as it should be.
    """
    assert alerts(production.box) == {}
    due, late, gap, open_day = (TODAY.subtract(days=n) for n in (5, 6, 7, 8))
    delete = f"delete from {SCHEMA}.readings where stream ="
    shown = alerts(
        production.box,
        f"{delete} 'skills' and date > '{late}'",
        f"{delete} 'plugins' and date > '{due}'",
        f"{delete} 'adoption'",
        f"{delete} 'artifacts' and date = '{gap}'",
        f"update {SCHEMA}.readings set is_complete = false where stream = 'cost'"
        f" and date = '{open_day}'",
    )
    assert shown == {
        "skills": (late, 0, None),
        "adoption": (None, None, None),
        "artifacts": (LAST, 1, None),
        "cost": (TODAY, 0, open_day),
    }
