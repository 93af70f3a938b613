"""The page on production fits the tap and itself, apart from what its commands do."""

import json
import logging
import re
import signal
from pathlib import Path

import pytest
import yaml

from tap_claude_analytics.common import clock
from tap_claude_analytics.common.progress import Progress
from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA
from tests import ROOT, docs

PAGE = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")


def block(name: str) -> str:
    """Return the code that the page has under a name."""
    return docs.block(f"operations: {name}")


def table(name: str) -> dict[str, str]:
    """Return a table of the page: what stands in backticks, and what is said of it."""
    rows = PAGE.split(f"<!-- operations: {name} -->\n")[1].split("\n\n")[0]
    return dict(re.findall(r"^\| `(.+)` \| (.+) \|$", rows, re.MULTILINE))


def masked(text: str) -> str:
    """Return a text with other numbers."""
    return re.sub(r"\d+", "0", text)


def test_progress_reads_as_shown(
    sleeps: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    """Word by word; only the numbers are others."""
    caplog.set_level(logging.INFO)
    progress = Progress(logging.getLogger("progress"))
    progress.plan(1)
    progress.begin("skills", 2, 2)
    clock.sleep(300)
    progress.question_done()
    progress.day_done(records=1)
    progress.done()
    assert sleeps == [300]
    assert masked("\n".join(caplog.messages)) == masked(block("progress").rstrip())


def test_the_query_knows_the_default_streams() -> None:
    """All of them, and the default delay."""
    query = block("freshness")
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    [plugin] = project["plugins"]["extractors"]
    selected = [f"{name}.*" for name in re.findall(r"\('([a-z_]+)'\)", query)]
    assert sorted([*selected, "readings.*"]) == sorted(plugin["select"])
    delay = CONFIG_JSONSCHEMA["properties"]["data_delay_days"]["default"]
    assert f"::date - {delay + 2} as due" in query


def test_exit_codes() -> None:
    """Those of signals and of mistakes, which are tested where these are."""
    codes = {int(code) for code in table("exit codes")}
    assert codes == {0, 1, 2, 128 + signal.SIGINT, 128 + signal.SIGTERM}


@pytest.mark.parametrize("phrase", table("warnings"))
def test_warnings_are_said(phrase: str) -> None:
    """The tap has these words."""
    sources = (ROOT / "tap_claude_analytics").rglob("*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    # A sentence goes over several lines of source.
    assert phrase.strip("… ") in re.sub(r'"\s+"', "", text)


def test_orchestrators_run_the_job() -> None:
    """The code is Python; it and the image run the job of the schedule."""
    [job] = yaml.safe_load(block("schedule"))["jobs"]
    for name in ("airflow", "dagster"):
        compile(block(name), name, "exec")
        assert job["name"] in block(name)
    *_, command = block("docker").splitlines()
    assert json.loads(command.removeprefix("CMD ")) == ["run", job["name"]]


def test_no_block_is_untested() -> None:
    """Every block and table has a name, and that name is used."""
    names = re.findall(r"<!-- operations: ([a-z. ]+) -->\n(?=```[a-z]+\n|\|)", PAGE)
    assert len(names) == len(re.findall(r"^```[a-z]+$|^\|---", PAGE, re.MULTILINE)) > 10
    files = (Path(__file__), Path(__file__).with_name("test_operations.py"))
    code = "".join(file.read_text(encoding="utf-8") for file in files)
    assert [name for name in names if f'"{name}"' not in code] == []
