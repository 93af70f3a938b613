"""The README's section on production does what it says."""

from __future__ import annotations

import json
import logging
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pendulum
import pytest
import yaml

from tap_claude_analytics.common import clock
from tap_claude_analytics.common.progress import Progress
from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA
from tests import ROOT, dbt_sources, truth
from tests.sandbox import Sandbox
from tests.simulator import Options, Simulator
from tests.system import operations
from tests.system.meltano_fixture import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from subprocess import CompletedProcess

    from tests.simulator import Request
    from tests.system.meltano_fixture import MeltanoProject

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
#: The days of the section, and those that stand for them here.
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

FLATTENING = {
    f"TAP_CLAUDE_ANALYTICS_{name.upper()}": value
    for name, value in dbt_sources.project_settings().items()
}
VERSION = re.compile(r" meltano +Meltano \d")
PER_MINUTE = re.compile(r"(?<=requests_per_minute: )\d+")
#: One run of everything, without Meltano.
PLAIN = (
    "tap-claude-analytics --config=ENV"
    " | .meltano/loaders/target-postgres/venv/bin/target-postgres --config=ENV"
)


@dataclass(frozen=True)
class Production:
    """What landed, was asked for and was logged when the section's commands had run."""

    box: Sandbox
    globex: Simulator
    #: What the second run of the daily job asked for, and the reload at the same time.
    asked_later: Sequence[Request]
    meltano_log: str
    plain_log: str
    metrics: str


@pytest.fixture(scope="module")
def production(
    meltano_project: MeltanoProject, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Production]:
    """A first load in parts, then a daily run and a reload, and two organisations."""
    blocks = operations.blocks()
    older = operations.with_days(blocks["older parts"], DAYS)
    project = operations.make_project(
        meltano_project,
        tmp_path_factory.mktemp("project"),
        *(blocks[name] for name in ("schedule", "several organisations", "meltano logs")),
        PER_MINUTE.sub("10000", older),
    )
    globex = Simulator(Options(users=3, projects=2, seed=8, api_key="sk-ant-api01-globex"))
    with (
        Sandbox(Options(users=5, projects=3)) as box,
        globex,
        ThreadPoolExecutor() as pool,
    ):
        del box.environment["MELTANO_CLI_LOG_FORMAT"]
        box.environment["TAP_CLAUDE_ANALYTICS_MAX_PARALLEL_REQUESTS"] = "2"
        box.environment["TAP_CLAUDE_ANALYTICS_REPORT_LOOKBACK_DAYS"] = str(REPORT_LOOKBACK)

        def script(text: str, **variables: object) -> CompletedProcess[str]:
            """Run commands of the section in the project's folder."""
            values = [f"{name}={value}" for name, value in variables.items()]
            # What runs in the background has no exit code that the shell would tell.
            command = ["env", *values, "sh", "-ec", text]
            done = box.run(command, folder=project.folder, timeout=SECONDS)
            assert done.returncode == 0, done.stderr[-5000:]
            return done

        [schedule] = yaml.safe_load(blocks["schedule"])["schedules"]
        begins = f"{schedule['interval']} cd /srv/analytics && "
        assert blocks["cron"].startswith(begins)
        daily = blocks["cron"].removeprefix(begins).split(" && ")[0]
        newest = operations.with_days(blocks["newest part"], DAYS)
        young = {"TAP_CLAUDE_ANALYTICS_DATA_DELAY_DAYS": (TODAY - LAST_OF_FIRST).days}
        script(newest, **young)
        script(blocks["run parts"])
        truth.assert_busy(box.simulator, "skills", RELOADED)
        assert box.simulator.facts(REVISED)
        box.simulator.edit(
            "skills",
            RELOADED,
            lambda rows: [row | {"distinct_user_count": 1000} for row in rows[1:]],
        )
        box.simulator.revise(REVISED, lambda facts: [f.scaled(Decimal(2)) for f in facts])
        box.simulator.requests.clear()
        list(pool.map(script, (daily, blocks["reload"])))
        asked_later = list(box.simulator.requests)
        (project.folder / "logging.yaml").write_text(blocks["logging.yaml"], "utf-8")
        names = [line.partition("=")[0] for line in blocks["keys"].splitlines()]
        keys = (box.simulator.options.api_key, globex.options.api_key)
        plain = pool.submit(
            script,
            PLAIN,
            **FLATTENING,
            SINGER_SDK_LOG_CONFIG="logging.yaml",
            TAP_CLAUDE_ANALYTICS_START_DATE=FIRST,
            TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA=WHOLE,
        )
        script(
            blocks["run both"],
            **dict(zip(names, keys, strict=True)),
            TAP_CLAUDE_GLOBEX_API_URL=globex.url,
            TAP_CLAUDE_ANALYTICS_START_DATE=LAST.subtract(days=2),
            TAP_CLAUDE_ANALYTICS__SELECT=json.dumps([f"{name}.*" for name in SELECTED]),
        )
        yield Production(
            box=box,
            globex=globex,
            asked_later=asked_later,
            meltano_log=(project.folder / "run.log").read_text(encoding="utf-8"),
            plain_log=plain.result().stderr,
            metrics=(project.folder / "metrics.jsonl").read_text(encoding="utf-8"),
        )


def current(box: Sandbox, schema: str, stream: str) -> list[tuple[Any, ...]]:
    """Return the current rows of a table, but for today's and for when they were read."""
    return box.query(
        "select to_jsonb(t) - array(select column_name::text from"
        f" information_schema.columns where table_schema = '{schema}'"
        f" and table_name = '{stream}' and column_name similar to"
        " '\\_sdc%|snapshot_at|data_refreshed_at')"
        f" from {schema}.{stream} t join {schema}.readings r"
        f" on r.stream = '{stream}' and r.date = t.date and t.snapshot_at >= r.snapshot_at"
        f" where t.date < '{TODAY}' order by 1"
    )


@pytest.mark.parametrize("stream", STREAMS)
def test_parts_are_the_whole(production: Production, stream: str) -> None:
    """Exactly: the current rows are those of a single run that read everything again."""
    parts, whole = (current(production.box, schema, stream) for schema in (SCHEMA, WHOLE))
    assert whole
    assert parts == whole


def test_all_days_have_been_read(production: Production) -> None:
    """No part left one out; usage and cost are read up to today."""
    counts = production.box.query(
        f"select stream, min(date), max(date), count(*) from {SCHEMA}.readings group by 1"
    )
    spans = {stream: (first, last, count) for stream, first, last, count in counts}
    assert spans == {
        stream: (FIRST, last, (last - FIRST).days + 1)
        for stream in STREAMS
        for last in [TODAY if stream in REPORTS else LAST]
    }


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
    """What stands in the section fits together, as the days here do."""
    for days in (list(DAYS), list(DAYS.values())):
        first, *ends_and_starts = map(date.fromisoformat, days)
        assert first < ends_and_starts[0]
        for end, start in zip(ends_and_starts[::2], ends_and_starts[1::2], strict=True):
            assert start - end == timedelta(days=1)
    limits = PER_MINUTE.findall(operations.blocks()["older parts"])
    default = CONFIG_JSONSCHEMA["properties"]["requests_per_minute"]["default"]
    assert sum(map(int, limits)) == default


def test_organisations_have_schemas_of_their_own(production: Production) -> None:
    """With the same keys in both, and nothing of the one in the other.

    The first one has no address of its own: it takes that of the plugin it inherits from.
    """
    days = [LAST.subtract(days=n) for n in (2, 1, 0)]
    for schema, simulator in zip(
        ORGANISATIONS, (production.box.simulator, production.globex), strict=True
    ):
        for stream in SELECTED[:2]:
            keys = truth.KEYS[stream]
            landed = production.box.query(
                f"select date::text, {', '.join(keys[1:])} from {schema}.{stream}"
            )
            expected = [r for day in days for r in truth.records(simulator, stream, day)]
            assert landed
            assert sorted(landed) == sorted(tuple(r[key] for key in keys) for r in expected)
        tables = {t.table for t in production.box.landed() if t.schema == schema}
        assert tables == set(SELECTED)
    alike = production.box.query(
        "select 1 from acme.artifacts join globex.artifacts"
        " using (date, artifact_type, is_shared)"
    )
    assert alike


def test_meltano_logs_json(production: Production) -> None:
    """Each line but those with the version; metrics and the last line are among them."""
    texts = production.meltano_log.splitlines()
    lines = [json.loads(text) for text in texts if not VERSION.search(text)]
    own = [line for line in lines if line.get("name") == "tap-claude-analytics"]
    metrics = {line["metric_info"]["metric"] for line in own if line["event"] == "METRIC"}
    assert metrics == metrics_of_a_run()
    assert is_end_of_run([line["event"] for line in own])


def test_plain_singer_logs_json(production: Production) -> None:
    """The metrics go into a file of their own."""
    lines = [
        json.loads(line)
        for line in production.plain_log.splitlines()
        if line.startswith('{"level"')
    ]
    assert is_end_of_run([line["message"] for line in lines])
    points = [json.loads(line) for line in production.metrics.splitlines()]
    assert {point["message"] for point in points} == {"METRIC"}
    own = [point["metric_info"] for point in points]
    assert {point["metric"] for point in own} >= metrics_of_a_run()
    records = [point for point in own if point["metric"] == "record_count"]
    assert {point["tags"]["stream"] for point in records} >= set(STREAMS)


def metrics_of_a_run() -> set[str]:
    """Return those of the table that are written at level INFO."""
    table = operations.table("metrics")
    return {name for name, told in table.items() if not told.endswith("at level DEBUG")}


def is_end_of_run(messages: Sequence[str]) -> bool:
    """Tell whether the messages say what was read as the section shows it."""
    shown = operations.blocks()["progress"].splitlines()[-1]
    form = re.sub(r"\d+ minutes", r"\\d+ \\w+", re.escape(shown).replace(r"\ ", " "))
    form = re.sub(r"(?<!\\)\d+", r"\\d+", form)
    return any(re.fullmatch(form, message) for message in messages)


def test_progress_reads_as_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Word by word."""
    caplog.set_level(logging.INFO)
    now = 0.0
    monkeypatch.setattr(clock, "seconds", lambda: now)
    progress = Progress(logging.getLogger("progress"))
    progress.plan(10)
    now = 20.0
    for _ in range(8):
        progress.begin("skills", 300, 300)
    for _ in range(1425):
        progress.request_sent()
    for _ in range(11):
        progress.day_done(records=0)
        progress.question_done()
    now += 11.5
    progress.day_done(records=41_200)
    [line] = caplog.messages
    assert line == operations.blocks()["progress"].splitlines()[0]


def alerts(box: Sandbox, *changes: str) -> dict[str, tuple[Any, ...]]:
    """Return what the query shows after changes to the tables, which are undone."""
    with box.connect() as connection, connection.transaction(force_rollback=True):
        for change in changes:
            connection.execute(change.encode())
        query = operations.blocks()["freshness"]
        assert query.count("now()") == 1
        # PostgreSQL's clock is the machine's.
        query = query.replace("now()", f"timestamptz '{TODAY} 12:00Z'")
        rows = connection.execute(query.encode()).fetchall()
    return {str(stream): tuple(rest) for stream, *rest in rows}


def test_nothing_is_due_after_a_run(production: Production) -> None:
    """The youngest days of usage and cost are not complete, and that is as it should be."""
    assert alerts(production.box) == {}


def test_what_the_query_shows(production: Production) -> None:
    """Each kind of gap, in a stream of its own."""
    late, gap, open_day = (TODAY.subtract(days=n) for n in (6, 7, 8))
    due = TODAY.subtract(days=5)
    readings = f"{SCHEMA}.readings"
    shown = alerts(
        production.box,
        f"delete from {readings} where stream = 'skills' and date > '{late}'",
        f"delete from {readings} where stream = 'plugins' and date > '{due}'",
        f"delete from {readings} where stream = 'users' or stream = 'adoption'",
        f"delete from {readings} where stream = 'artifacts' and date = '{gap}'",
        f"update {readings} set is_complete = false where stream = 'cost'"
        f" and date = '{open_day}'",
    )
    assert shown == {
        "skills": (late, 0, None),
        "adoption": (None, None, None),
        "artifacts": (LAST, 1, None),
        "cost": (TODAY, 0, open_day),
    }


def test_the_query_knows_the_default_streams() -> None:
    """All of them, and the default delay."""
    query = operations.blocks()["freshness"]
    names = re.findall(r"\('([a-z_]+)'\)", query)
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    [plugin] = project["plugins"]["extractors"]
    selected = [rule.removesuffix(".*") for rule in plugin["select"]]
    assert sorted([*names, "readings"]) == sorted(selected)
    delay = CONFIG_JSONSCHEMA["properties"]["data_delay_days"]["default"]
    assert f"::date - {delay + 2} as due" in query


def test_exit_codes() -> None:
    """Those of signals and of mistakes, which are tested where these are."""
    codes = {int(code) for code in operations.table("exit codes")}
    assert codes == {0, 1, 2, 128 + signal.SIGINT, 128 + signal.SIGTERM}


@pytest.mark.parametrize("phrase", operations.table("warnings"))
def test_warnings_are_said(phrase: str) -> None:
    """The tap has these words."""
    sources = (ROOT / "tap_claude_analytics").rglob("*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    # A sentence goes over several lines of source.
    joined = re.sub(r'"\s+"', "", text)
    assert phrase.strip("… ") in joined


def test_orchestrators_run_the_job() -> None:
    """The code is Python; it and the image run the job of the schedule."""
    blocks = operations.blocks()
    [job] = yaml.safe_load(blocks["schedule"])["jobs"]
    for name in ("airflow", "dagster"):
        compile(blocks[name], name, "exec")
        assert job["name"] in blocks[name]
    *_, command = blocks["docker"].splitlines()
    assert json.loads(command.removeprefix("CMD ")) == ["run", job["name"]]


def test_no_block_is_untested() -> None:
    """Every one has a name, and that name is used."""
    text = operations.PAGE.read_text(encoding="utf-8")
    fences = len(re.findall(r"^```[a-z]+$", text, re.MULTILINE))
    tables = len(re.findall(r"^\|---", text, re.MULTILINE))
    assert fences + tables == len(operations.blocks()) == text.count("<!-- operations: ")
    uses = (Path(__file__), Path(operations.__file__))
    code = "".join(path.read_text(encoding="utf-8") for path in uses)
    assert [name for name in operations.blocks() if f'"{name}"' not in code] == []
