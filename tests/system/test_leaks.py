"""People and the key are in records, or nowhere: the tap's whole output is searched."""

import json
import logging
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.simulator import Simulator
from tests.simulator.organization.catalog import RESOURCES
from tests.singer import catalog_of, config_for, error_of, page_of
from tests.system.personal_data import found, personal_texts

TODAY = date(2026, 10, 12)
#: A Thursday, on which many worked.
DAY = date(2026, 10, 8)
#: Keys of the API are known by how they begin; a gateway's may be of any form.
KEY, OTHER_KEY = "gateway+token/Zx9-never_shown", "sk-ant-api01-Zx9-never_shown"
ADDRESS, NAME = "zoe.quillfeather@private.example", "Zoë Quillfeather"
MESSAGE = f"<{ADDRESS}> ({quote(ADDRESS)}) may not use {KEY} nor {OTHER_KEY}"
SALT = "no secret, but long enough"
COMPANY = {"users": 10, "projects": 4, "api_key": KEY}
SETTINGS: dict[str, Any] = {
    "start_date": str(DAY),
    "end_date": str(DAY),
    "max_retries": 0,
    "personal_data_salt": SALT,
}
#: Answers that quote people and the key, and what the log says of each.
ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "summaries": ({"body": f"<html>{NAME}, {MESSAGE}</html>"}, "not JSON"),
    # The sentence ends within the key.
    "artifacts": ({"status": 400, "body": error_of(f"{'x' * 384} {KEY}")}, "status 400"),
    "chat_projects": ({"body": {ADDRESS: [], NAME: {}, KEY: 1}}, "expected"),
    "connectors": ({"status": 500}, "status 500"),
    "cost": ({"status": 401}, "status 401"),
    "cost_report": ({"body": f'{{"data": [{{"name": "{MESSAGE}'}, "not JSON"),
    "plugins": (
        {"body": MESSAGE, "headers": {"content-length": "9999"}},
        "no complete answer",
    ),
    "skills": ({"body": {"data": [{"owner": f"{NAME}, {MESSAGE}"}]}}, "without a value"),
    "usage": ({"status": 403, "headers": {"request-id": ADDRESS}}, "status 403"),
    "usage_report": ({"status": 404}, "status 404"),
    "user_cost_report": (
        {"status": 429, "headers": {"retry-after": "9999"}},
        "max_retry_wait",
    ),
    "user_usage_report": (
        {"status": 302, "headers": {"location": f"https://127.0.0.1/{ADDRESS}"}},
        "not followed",
    ),
}

#: The logs as JSON, as Meltano has them.
STRUCTURED = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "singer_sdk.logging.StructuredFormatter"}},
    "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "DEBUG", "handlers": ["err"]},
}


def reply(simulator: Simulator, endpoint: str, **answer: Any) -> None:
    """Have an endpoint answer by quoting people and the key."""
    simulator.reply(endpoint, **{"body": error_of(MESSAGE), **answer})


def odd(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows that hold more than they should, each of them twice."""
    return 2 * [
        {
            **row,
            "nickname": f"{NAME}\x00",
            "web_search_count": NAME,
            "chat_metrics": {**row["chat_metrics"], NAME: 1, ADDRESS: 2, KEY: 3},
            "friends": {NAME: ADDRESS},
        }
        for row in rows
    ]


def run_command(
    simulator: Simulator, folder: Path, **settings: Any
) -> tuple[int, str, str]:
    """Run the tap on all streams, with all its libraries saying what they can.

    Return the exit code, the messages and the log.
    """
    every = [entry["stream"] for entry in catalog_of()["streams"]]
    config = config_for(simulator, **SETTINGS | settings)
    for name, content in (("catalog", catalog_of(*every)), ("config", config)):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    options = ("--catalog=catalog", "--config=config")
    levels = {"LOGLEVEL": "DEBUG", "TAP_CLAUDE_ANALYTICS_LOGLEVEL": "DEBUG"}
    done = subprocess.run(
        [sys.executable, "-m", "tap_claude_analytics", *options],
        cwd=folder,
        env=os.environ | levels,
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )
    assert "urllib3" in done.stderr, "debugging was not on"
    return done.returncode, done.stdout, done.stderr


def assert_silent(simulator: Simulator, stdout: str, stderr: str) -> None:
    """Check that neither people nor the key are written, but for what records hold."""
    people = personal_texts(simulator, DAY, "email_address", "name")
    assert people
    keys = {KEY, KEY[:8], OTHER_KEY, OTHER_KEY.removeprefix("sk-ant-")}
    secrets = {*people, ADDRESS, quote(ADDRESS), NAME, SALT, *keys}
    written = [
        json.dumps(json.loads(line) | {"record": None}) if '"RECORD"' in line[:20] else line
        for line in stdout.splitlines()
    ]
    assert found(secrets, "\n".join([*written, stderr])) == set()


def test_when_all_goes_well(simulator: Simulator, tmp_path: Path) -> None:
    """Also of rows that hold what nobody knows of, after a retry that says why it follows.

    Cursors may be addresses.
    """
    simulator.edit("users", DAY, odd)
    reply(simulator, "skills", status=529, times=1, headers={"retry-after": "0"})
    first = {**page_of(), "next_page": ADDRESS}
    simulator.reply("skills", body=first, when=lambda r: "page" not in r.params)
    simulator.reply("skills", body=page_of())
    code, stdout, stderr = run_command(simulator, tmp_path, max_retries=1)
    assert code == 0, stderr[-3000:]
    assert "New field nickname" in stderr
    assert "Retry 1 of 1 follows: GET /v1/organizations/analytics/skills?" in stderr
    assert found({ADDRESS, NAME}, stdout) == {ADDRESS, NAME}
    assert_silent(simulator, stdout, stderr)


def test_when_everything_goes_wrong(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every stream has its own trouble, told without whom it is about.

    The text of the error of a stream map quotes the record, and the log may be JSON.
    """
    simulator.edit("users", DAY, odd)
    simulator.edit("members", TODAY, lambda rows: [{**rows[0], "email": ADDRESS}])
    for endpoint, (answer, _) in ANSWERS.items():
        reply(simulator, endpoint, **answer)
    log_config = tmp_path / "log_config.json"
    log_config.write_text(json.dumps(STRUCTURED), encoding="utf-8")
    monkeypatch.setenv("SINGER_SDK_LOG_CONFIG", str(log_config))
    settings = {"stream_maps": {"members": {"x": "int(email)"}}, "end_date": TODAY}
    code, stdout, stderr = run_command(simulator, tmp_path, **settings)
    assert code == 1
    assert "unhandled error" not in stderr
    assert "share a primary key with another row" in stderr
    assert "New field nickname" in stderr
    assert "simpleeval.py" in stderr, "the way to the error is not told"
    told_of = {endpoint: told for endpoint, (_, told) in ANSWERS.items()}
    told_of["adoption"] = told_of.pop("summaries")
    for stream, told in (told_of | {"members": "Unexpected ValueError"}).items():
        [sentence] = re.findall(f"Stream {stream} failed.*", stderr)
        assert told in sentence
    assert_silent(simulator, stdout, stderr)


def test_when_the_connection_is_tested(
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Rows of people are looked at, while most other endpoints refuse."""
    caplog.set_level(logging.DEBUG)
    simulator.edit("users", simulator.latest, odd)
    for endpoint in (ANSWERS.keys() | RESOURCES) - {"summaries"}:
        reply(simulator, endpoint, status=403)
    tap = TapClaudeAnalytics(config=config_for(simulator, **SETTINGS))
    with pytest.raises(RunFailedError) as failed:
        tap.run_connection_test()
    told = "\n".join([capsys.readouterr().out, *failed.value.sentences])
    assert "yes  user_summaries: can be read" in told
    assert told.count("was answered with status 403") > len(ANSWERS)
    assert "urllib3" in caplog.text, "debugging was not on"
    assert_silent(simulator, told, caplog.text)
