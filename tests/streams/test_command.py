"""The command: what it says of itself, and every mistake in its files as a sentence."""

import gc
import json
import logging
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from tap_claude_analytics.streams.specs import SPECS
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.simulator import Simulator
from tests.singer import Output, catalog_of, config_for, error_of, state_at

KEY = "sk-ant-api01-Zx9-never_shown"
DAY = "2026-01-13"

#: What some editors call a text file.
UTF_16 = "{}".encode("utf-16")


class Command(NamedTuple):
    """The command, in an empty folder without a `.env`."""

    caplog: pytest.LogCaptureFixture
    config: dict[str, Any]

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run it; return its exit code, and what it wrote to standard output."""
        result = CliRunner().invoke(TapClaudeAnalytics.cli, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.stdout

    def refuse(self, *arguments: str, **settings: object) -> list[str]:
        """Run it with a configuration that has a mistake; return the sentences."""
        config = file("config.json", {**self.config, "api_key": KEY, **settings})
        assert self.run("--config", config, *arguments) == (1, "")
        return self.sentences()

    def sentences(self) -> list[str]:
        """Return the errors that were logged, without the key and without a traceback."""
        errors = [r for r in self.caplog.records if r.levelno >= logging.ERROR]
        assert not any(error.exc_info for error in errors)
        assert "never_shown" not in self.caplog.text
        return [error.getMessage() for error in errors]


def file(name: str, content: object) -> str:
    """Write a file; text and bytes as they are, anything else as JSON."""
    text = content if isinstance(content, (str, bytes)) else json.dumps(content)
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    return name


@pytest.fixture(autouse=True)
def _process_as_before() -> Iterator[None]:
    """Take back what a command does to a process that ends with it."""
    level, hook, thresholds = logging.root.level, sys.excepthook, gc.get_threshold()
    signals = {number: signal.getsignal(number) for number in (SIGINT, SIGTERM)}
    yield
    for handler in [*logging.root.handlers]:
        if type(handler) is logging.StreamHandler:
            logging.root.removeHandler(handler)
    logging.root.setLevel(level)
    sys.excepthook = hook
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    for number, answer in signals.items():
        signal.signal(number, answer)


@pytest.fixture
def command(
    simulator: Simulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """The command, configured for one day."""
    monkeypatch.chdir(tmp_path)
    settings = {"start_date": DAY, "end_date": DAY, "lookback_days": 0}
    return Command(caplog, config_for(simulator, **settings))


def test_what_it_says_of_itself(command: Command) -> None:
    """Settings and streams are known without a configuration; its key is not shown."""
    code, about = command.run("--about", "--format=json")
    assert code == 0
    settings = json.loads(about)["settings"]["properties"]
    secret = {name for name, rule in settings.items() if rule.get("writeOnly")}
    assert secret == {"api_key", "personal_data_salt"}
    code, catalog = command.run("--discover")
    assert code == 0
    config = file("config.json", {**command.config, "api_key": KEY})
    assert command.run("--config", config, "--discover") == (0, catalog)
    assert command.sentences() == []
    found = {entry["tap_stream_id"] for entry in json.loads(catalog)["streams"]}
    assert found == {spec.name for spec in SPECS} | {"readings"}


def test_everything_from_the_environment(
    command: Command, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is needed: numbers and objects are read from text."""
    maps = '{"skills": {"__alias__": "abilities"}}'
    for name, value in {**command.config, "page_size": 5, "stream_maps": maps}.items():
        monkeypatch.setenv(f"TAP_CLAUDE_ANALYTICS_{name.upper()}", str(value))
    code, output = command.run("--config=ENV")
    assert code == 0
    told = Output(output.splitlines())
    by_default = {spec.name for spec in SPECS if spec.is_default} | {"readings"}
    assert told.schemas.keys() == by_default - {"skills"} | {"abilities"}
    assert told.records("abilities")
    assert {r.params.get("limit", ["5"])[0] for r in simulator.requests} == {"5"}


def test_the_streams_of_a_catalog(command: Command, simulator: Simulator) -> None:
    """Those that it selects count: their filters, and whether they can be read."""
    simulator.reply("usage", status=401, body=error_of("no usage here"))
    config = file("config.json", {**command.config, "filters": ["skill_name:x"]})
    catalog = file("catalog.json", catalog_of("skills"))
    options = ("--config", config, "--catalog", catalog)
    code, output = command.run(*options, "--test")
    assert code == 0
    assert "yes  skills_by_team: can be read" in output
    # The key reads these, though the filter does not fit.
    assert "yes  plugins: can be read" in output
    assert "no   usage: " in output
    code, output = command.run(*options, "--contract-report", "report.json")
    assert code == 0
    assert '"SCHEMA"' not in output
    assert "Read it before you publish it." in output
    (told,) = json.loads(Path("report.json").read_text("utf-8"))["answers"]
    assert told["asked_for"] == "skills"


# Wrong settings


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"stream_maps": {"skills": {"x": "1 +"}}}, ["stream_maps is invalid"]),
        ({"stream_maps": {"skills": {"y": 5}}}, ["stream_maps.skills.y is invalid"]),
        # Each mistake has a sentence.
        ({"api_key": None, "page_size": 0}, ["api_key must be", "page_size is 0"]),
    ],
    ids=["expression", "number", "several"],
)
def test_a_wrong_setting(
    command: Command, simulator: Simulator, settings: dict[str, object], told: list[str]
) -> None:
    """The run ends before its first request."""
    for sentence, words in zip(command.refuse(**settings), told, strict=True):
        assert words in sentence
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("setting", "value"), [("PAGE_SIZE", "abc"), ("LOGLEVEL", "banana")]
)
def test_a_malformed_environment_value(
    command: Command, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    """The variable and its value are named."""
    name = f"TAP_CLAUDE_ANALYTICS_{setting}"
    monkeypatch.setenv("TAP_CLAUDE_ANALYTICS_API_KEY", KEY)
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="1"):
        TapClaudeAnalytics.cli(["--config=ENV"])
    [sentence] = command.sentences()
    assert name in sentence
    assert value in sentence


def test_two_files(command: Command, simulator: Simulator) -> None:
    """The later one counts; a stream map may fail on a record only."""
    maps = file("maps.json", {"stream_maps": {"skills": {"share": "1 / 0"}}})
    config = file("config.json", command.config)
    assert command.run("--config", config, "--config", maps)[0] == 1
    # The SDK names the stream, in a line of its own; then comes the sentence.
    *_, sentence = command.sentences()
    assert "An expression in stream_maps fails on a record" in sentence
    assert simulator.requests != []


# Files that are not right


@pytest.mark.parametrize(
    ("option", "content", "told"),
    [
        # A folder, which cannot be read, nor written.
        ("--config", None, "--config . cannot be read"),
        ("--contract-report", None, "--contract-report . cannot be written"),
        ("--config", f'{{"api_key": "{KEY}",', "--config file.json is not valid JSON"),
        ("--config", [{"api_key": KEY}], "--config file.json is a JSON list"),
        pytest.param("--config", UTF_16, "--config file.json is not a text", id="utf-8"),
        ("--state", "{broken", "--state"),
        ("--state", [], "--state"),
        pytest.param("--state", UTF_16, "--state is not a text file in UTF-8", id="utf-16"),
        ("--state", {"bookmarks": []}, "bookmarks"),
        ("--state", state_at("yesterday", "skills"), "'yesterday'"),
        ("--state", state_at("0001-01-01T00:00:00+05:00", "skills"), "0001-01-01T00:00"),
        ("--catalog", "{broken", "--catalog"),
        ("--catalog", {"streams": [{"tap_stream_id": "skills"}]}, "--catalog"),
        ("--catalog", {"streams": [{"schema": {"properties": {}}}]}, "--catalog"),
        ("--catalog", {"streams": 7}, "--catalog"),
    ],
    ids=str,
)
def test_a_wrong_file(
    command: Command, simulator: Simulator, option: str, content: object, told: str
) -> None:
    """A run that cannot know where it stands, or what to read, does not begin.

    The file is named, without what it holds.
    """
    path = "." if content is None else file("file.json", content)
    [sentence] = command.refuse(option, path)
    assert told in sentence
    assert simulator.requests == []
