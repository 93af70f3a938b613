"""The command as it is installed: every mistake is a sentence, and the key stays secret."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA
from tests import truth
from tests.simulator import Options, Simulator
from tests.simulator.organization.catalog import RESOURCES
from tests.singer import config_for

MODULE = [sys.executable, "-m", "tap_claude_analytics"]
SCRIPT = [str(Path(sysconfig.get_path("scripts")) / "tap-claude-analytics")]
STREAMS = {
    "adoption",
    "artifacts",
    "chat_projects",
    "connectors",
    "cost",
    "org_summaries",
    "plugins",
    "readings",
    "skills",
    "usage",
    "user_summaries",
}
NOT_BY_DEFAULT = {
    "cost_report",
    "usage_report",
    "user_cost_report",
    "user_usage_report",
    "org_summaries_by_team",
    *truth.BREAKDOWNS,
    *RESOURCES,
}
KEY = "sk-ant-api01-Zx9-never_shown"
DAY = "2026-01-13"

_ERROR = re.compile(r" \| ERROR +\| [^|]+ \| (?P<sentence>.*)")


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The Singer messages."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def streams(self, kind: str) -> set[str]:
        """The streams that have a message of a kind."""
        return {m["stream"] for m in self.messages if m["type"] == kind}

    def assert_done(self) -> None:
        """Check that all went well."""
        assert self.code == 0, self.stderr
        assert "Traceback" not in self.stderr

    def the_sentence(self) -> str:
        """Return the only error, after a check that nothing else was shown."""
        assert "Traceback" not in self.stderr, self.stderr
        found = map(_ERROR.search, self.stderr.splitlines())
        sentences = [match["sentence"] for match in found if match]
        assert len(sentences) == 1, self.stderr
        assert self.code == 1
        return sentences[0]


@dataclass(frozen=True)
class Shell:
    """An empty folder without a ``.env``, and a tidy environment."""

    folder: Path

    def run(self, *arguments: str, **variables: str) -> Result:
        """Run the tap, with some variables in its environment."""
        return self.call(*MODULE, *arguments, **variables)

    def call(self, *command: str, **variables: str) -> Result:
        """Run a command."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in {"LOGLEVEL", "SINGER_SDK_LOG_CONFIG"}
        }
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**kept, "PYTHONWARNINGS": "default", **variables},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def file(self, name: str, content: object) -> str:
        """Write a file; text as it is, anything else as JSON."""
        text = content if isinstance(content, str) else json.dumps(content)
        (self.folder / name).write_text(text, encoding="utf-8")
        return name


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A place to run the tap in."""
    return Shell(tmp_path)


@pytest.fixture
def config(shell: Shell, simulator: Simulator) -> str:
    """A configuration for one day, as a file."""
    return shell.file(
        "config.json", config_for(simulator, start_date=DAY, end_date=DAY, lookback_days=0)
    )


def variables(**settings: object) -> dict[str, str]:
    """Return settings as environment variables."""
    return {
        f"TAP_CLAUDE_ANALYTICS_{name.upper()}": str(value)
        for name, value in settings.items()
    }


# What needs no key


@pytest.mark.parametrize("command", [MODULE, SCRIPT], ids=["module", "script"])
def test_version(shell: Shell, command: list[str]) -> None:
    """Both ways to call the tap say its name and version."""
    result = shell.call(*command, "--version")
    result.assert_done()
    assert re.match(r"tap-claude-analytics v\d+\.\d+", result.stdout)


def test_about(shell: Shell) -> None:
    """Every setting is documented, the key is a secret, batch files are not offered."""
    result = shell.run("--about", "--format=json")
    result.assert_done()
    about = json.loads(result.stdout)
    settings = about["settings"]["properties"]
    assert settings.keys() >= CONFIG_JSONSCHEMA["properties"].keys()
    assert settings.keys() >= {"api_key", "stream_maps", "flattening_enabled"}
    assert all(rule["description"] for rule in settings.values())
    assert settings["api_key"]["writeOnly"] is True
    assert "batch" not in about["capabilities"]
    assert "batch_config" not in settings
    assert {"catalog", "discover", "state", "stream-maps"} <= set(about["capabilities"])


def test_discover(shell: Shell) -> None:
    """The streams are known without a configuration."""
    result = shell.run("--discover")
    result.assert_done()
    found = {entry["tap_stream_id"] for entry in json.loads(result.stdout)["streams"]}
    assert found == STREAMS | NOT_BY_DEFAULT


# What works


def test_everything_from_the_environment(shell: Shell, simulator: Simulator) -> None:
    """No file is needed, and at no log level is the key in what a run leaves behind."""
    settings = config_for(
        simulator,
        start_date=DAY,
        end_date=DAY,
        page_size=5,
        stream_maps='{"skills": {"__alias__": "abilities"}}',
    )
    result = shell.run(
        "--config=ENV",
        LOGLEVEL="DEBUG",
        TAP_CLAUDE_ANALYTICS_LOGLEVEL="DEBUG",
        **variables(**settings),
    )
    result.assert_done()
    renamed = STREAMS - {"skills"} | {"abilities"}
    assert result.streams("SCHEMA") == renamed
    assert result.streams("RECORD") == renamed - {"plugins"}
    assert {r.params.get("limit", ["5"])[0] for r in simulator.requests} == {"5"}
    assert "urllib3" in result.stderr, "debugging was not on"
    assert " | DEBUG " in result.stderr
    assert_without_key(result, simulator.options.api_key)


def assert_without_key(result: Result, key: str) -> None:
    """Check that no output quotes the key, nor the part of it that tells it from others."""
    for part in (key, key.removeprefix("sk-ant-api01-")):
        assert part not in result.stdout
        assert part not in result.stderr


def test_the_connection_test(shell: Shell) -> None:
    """It asks every endpoint once, and says what it found without Singer's messages."""
    with Simulator(Options(users=2)) as simulator:
        result = shell.run("--config=ENV", "--test", **variables(**config_for(simulator)))
    result.assert_done()
    assert len(simulator.requests) == len({r.path for r in simulator.requests}) == 18
    lines = result.stdout.splitlines()
    rows = {line.partition(":")[0] for line in lines if line.startswith("yes  ")}
    assert rows == {
        f"yes  {stream}" for stream in STREAMS | NOT_BY_DEFAULT if stream != "readings"
    }


# A key that is refused


@pytest.mark.parametrize("option", [[], ["--test"]], ids=["run", "test"])
def test_a_refused_key(shell: Shell, simulator: Simulator, option: list[str]) -> None:
    """Each endpoint is asked once, one sentence says what to check, the key is hidden."""
    settings = config_for(simulator, api_key=KEY, end_date=DAY)
    result = shell.run(
        "--config",
        shell.file("config.json", settings),
        *option,
        LOGLEVEL="DEBUG",
        TAP_CLAUDE_ANALYTICS_LOGLEVEL="DEBUG",
    )
    sentence = result.the_sentence()
    for advice in ("read:analytics", "Analytics API key", "Claude Enterprise"):
        assert advice in sentence
    paths = [request.path for request in simulator.requests]
    assert len(paths) == len(set(paths)) > 2
    assert "urllib3" in result.stderr, "debugging was not on"
    assert_without_key(result, KEY)


# Wrong settings


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"page_size": 0}, "page_size is 0"),
        ({"api_key": f"{KEY}\n"}, "api_key contains"),
        ({"stream_maps": {"skills": {"x": "1 +"}}}, "stream_maps"),
        ({"stream_maps": {"skills": {"__else__": "x"}}}, "stream_maps"),
    ],
    ids=["out of bounds", "key", "stream map", "stream map of the wrong kind"],
)
def test_a_wrong_setting(
    shell: Shell, simulator: Simulator, settings: dict[str, object], told: str
) -> None:
    """The run ends before its first request."""
    wrong = config_for(simulator, **{"api_key": KEY, **settings})
    result = shell.run("--config", shell.file("config.json", wrong))
    assert told in result.the_sentence()
    assert result.stdout == ""
    assert simulator.requests == []
    assert_without_key(result, KEY)


def test_a_stream_map_that_fails_on_a_record(
    shell: Shell, simulator: Simulator, config: str
) -> None:
    """Only the data shows that it is wrong, and yet it is a mistake in a setting."""
    stream_maps = {"skills": {"share": "1 / 0"}}
    second = shell.file("maps.json", {"stream_maps": stream_maps})
    result = shell.run("--config", config, "--config", second)
    # The SDK names the stream, in a line of its own; then comes the sentence.
    assert result.code == 1
    assert "Traceback" not in result.stderr
    assert "skills" in result.stderr
    assert "stream_maps" in result.stderr.splitlines()[-1]
    assert simulator.requests != []


def test_several_wrong_settings(shell: Shell) -> None:
    """Each has a sentence, and the command is told as one that failed."""
    config = shell.file("config.json", {"page_size": 0, "pagesize": 7})
    result = shell.run("--config", config)
    assert result.code == 1
    assert "Traceback" not in result.stderr
    assert len(_ERROR.findall(result.stderr)) == 3


@pytest.mark.parametrize(
    "malformed",
    [
        variables(page_size="abc"),
        variables(flattening_enabled="banana"),
        variables(loglevel="banana"),
    ],
    ids="".join,
)
def test_a_malformed_environment_value(
    shell: Shell, simulator: Simulator, malformed: dict[str, str]
) -> None:
    """The variable and its value are named."""
    ((name, value),) = malformed.items()
    settings = config_for(simulator, api_key=KEY, start_date=DAY, end_date=DAY)
    result = shell.run("--config=ENV", **variables(**settings), **malformed)
    sentence = result.the_sentence()
    assert name in sentence
    assert value in sentence
    assert simulator.requests == []
    assert_without_key(result, KEY)


# Files that are not right


@pytest.mark.parametrize(
    "content", [None, f'{{"api_key": "{KEY}",', [{"api_key": KEY}]], ids=str
)
def test_a_wrong_config_file(shell: Shell, content: object) -> None:
    """The file is named, without what it holds."""
    name = "config.json" if content is None else shell.file("config.json", content)
    result = shell.run("--config", name)
    sentence = result.the_sentence()
    assert "--config" in sentence
    assert name in sentence
    assert_without_key(result, KEY)


@pytest.mark.parametrize("option", ["--state", "--catalog"])
def test_a_missing_file(
    shell: Shell, simulator: Simulator, config: str, option: str
) -> None:
    """Like a missing argument, it is a mistake of the command line."""
    result = shell.run("--config", config, option, "no-such-file.json")
    assert result.code != 0
    assert "Traceback" not in result.stderr
    assert "no-such-file.json" in result.stderr
    assert simulator.requests == []


def state_of_skills(**entry: object) -> dict[str, Any]:
    """Return a state with an entry for one stream."""
    return {"bookmarks": {"skills": {"replication_key": "date", **entry}}}


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("{broken", "--state"),
        ([], "--state"),
        ({"bookmarks": []}, "bookmarks"),
        (state_of_skills(replication_key_value="yesterday"), "'yesterday'"),
        (
            state_of_skills(replication_key_value="0001-01-01T00:00:00+05:00"),
            "0001-01-01T00:00:00+05:00",
        ),
        (state_of_skills(partitions=7), "state"),
    ],
    ids=["broken JSON", "list", "list of bookmarks", "no day", "no UTC day", "partitions"],
)
def test_a_wrong_state_file(
    shell: Shell, simulator: Simulator, config: str, state: object, told: str
) -> None:
    """A run that cannot know where it stands does not begin."""
    result = shell.run("--config", config, "--state", shell.file("state.json", state))
    assert told in result.the_sentence()
    assert simulator.requests == []


def test_a_bookmark_at_the_end_of_time(
    shell: Shell, simulator: Simulator, config: str
) -> None:
    """It lies beyond the window, so there is nothing to do."""
    state = state_of_skills(replication_key_value="9999-12-31")
    result = shell.run("--config", config, "--state", shell.file("state.json", state))
    result.assert_done()
    assert "skills" not in {request.path for request in simulator.requests}


@pytest.mark.parametrize("catalog", ["{broken", {"streams": [{}]}, {"streams": 7}], ids=str)
def test_a_wrong_catalog_file(
    shell: Shell, simulator: Simulator, config: str, catalog: object
) -> None:
    """It is a sentence too."""
    result = shell.run("--config", config, "--catalog", shell.file("catalog.json", catalog))
    assert "catalog" in result.the_sentence()
    assert simulator.requests == []
