"""`personal_data` in every stream: hashed or dropped, and everything else as it was."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import logging
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tap_claude_analytics.records.personal import ADDRESS
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import masking, truth
from tests.simulator import Options, Simulator
from tests.singer import Organize, Output, config_for, run
from tests.system.personal_data import found, rows, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = date(2026, 10, 11)
#: A Thursday, on which many worked, and the latest day that is read of what is no report.
DAY = date(2026, 10, 8)
SALT, OTHER_SALT = "not a secret at all", "another one, as open"
MODES: dict[str, dict[str, Any]] = {
    "hash": {"personal_data": "hash", "personal_data_salt": SALT},
    "drop": {"personal_data": "drop"},
}
#: One stream of each family, with people in it but for the last.
FEW = ("user_summaries", "cost", "members", "skills")

each_mode = pytest.mark.parametrize("mode", MODES)


@pytest.fixture(scope="module")
def company() -> Iterator[Simulator]:
    """An organisation with people, projects and federated identities."""
    with Simulator(Options(today=TODAY, users=16, projects=8)) as simulator:
        truth.assert_busy(simulator, "users", DAY)
        yield simulator


def read(company: Simulator, *streams: str, **settings: Any) -> Output:
    """Read streams, all by default, for one day; snapshots for today."""
    chosen = streams or masking.SCHEMAS
    output = run(company, *chosen, start_date=DAY.isoformat(), **settings)
    assert not output.failures
    return output


@pytest.fixture(scope="module")
def kept(company: Simulator) -> Output:
    """All streams as they are."""
    return read(company)


@pytest.fixture(scope="module")
def masked(company: Simulator) -> dict[str, Output]:
    """All streams, hashed and dropped."""
    return {mode: read(company, **settings) for mode, settings in MODES.items()}


@pytest.fixture(scope="module")
def personal(company: Simulator) -> set[str]:
    """Everything personal that the simulator has."""
    names = {"name", "email_address", "project_name", "subject", "signed_principal"}
    everybody = [*company.truth("members", TODAY), *company.truth("invites", TODAY)]
    return values_of([*rows(company, DAY, DAY)], names) | values_of(
        everybody, {"email", "name"}
    )


def texts_of(output: Output) -> str:
    """Return all records as one text."""
    return json.dumps([m for m in output.messages if m["type"] == "RECORD"], default=str)


def digest(text: str | None) -> str | None:
    """Return the digest that is expected of a text."""
    if text is None:
        return None
    return hmac.new(SALT.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def without_instants(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without its key and the time of its reading."""
    return {n: v for n, v in record.items() if n not in {"row_key", "snapshot_at"}}


def expected(stream: str, record: dict[str, Any], mode: str) -> dict[str, Any]:
    """Return what becomes of a record, but for its key and the time of its reading."""
    masked = copy.deepcopy(record)
    for path, kind in masking.PERSONAL.get(stream, {}).items():
        *parents, name = path.split(".")
        holder: Any = masked
        for parent in parents:
            holder = holder and holder.get(parent)
        if not holder or name not in holder:
            continue
        # Of ids, only that of a federated actor is anybody's.
        is_id = path == "actor_id"
        if is_id and holder[name] != (record["actor"] or {}).get("subject", ""):
            continue
        is_digest = mode == "hash" and (is_id or kind == ADDRESS)
        holder[name] = digest(holder[name]) if is_digest else None
    return without_instants(masked)


def test_the_search_finds_everybody(kept: Output, personal: set[str]) -> None:
    """What is searched for is what the tap gives without the setting."""
    assert len(personal) > 30
    assert found(personal, texts_of(kept)) == personal


@each_mode
def test_nobody_is_named(masked: dict[str, Output], personal: set[str], mode: str) -> None:
    """In no stream, and not in the state."""
    assert found(personal, texts_of(masked[mode])) == set()
    assert found(personal | {SALT}, json.dumps(masked[mode].state)) == set()


@each_mode
@pytest.mark.parametrize("stream", masking.SCHEMAS)
def test_records(kept: Output, masked: dict[str, Output], stream: str, mode: str) -> None:
    """As many as without the setting, and each is what the table of fields says."""
    before, after = kept.records(stream), masked[mode].records(stream)
    assert before
    assert [expected(stream, record, mode) for record in before] == [
        *map(without_instants, after)
    ]


@each_mode
@pytest.mark.parametrize("stream", ["usage", "cost"])
def test_row_keys(kept: Output, masked: dict[str, Output], stream: str, mode: str) -> None:
    """They change where the identity of an actor is personal, and stay unique."""
    changed: Counter[bool] = Counter()
    after = masked[mode].records(stream)
    for old, new in zip(kept.records(stream), after, strict=True):
        actor = old["actor"] or {}
        principal = (actor.get("provider") or {}).get("signed_principal")
        is_personal = bool(actor.get("subject") or principal)
        assert (old["row_key"] != new["row_key"]) == is_personal
        changed[is_personal] += 1
    assert changed[True] > 1
    assert changed[False] > 1
    assert len({(r["starting_at"], r["row_key"]) for r in after}) == len(after)


@each_mode
def test_flattening_and_stream_maps(
    company: Simulator, personal: set[str], mode: str
) -> None:
    """Both get what has been masked: a stream map cannot undo it."""
    settings: dict[str, Any] = {
        "flattening_enabled": True,
        "flattening_max_depth": 5,
        "stream_maps": {"user_summaries": {"copy": "user['email_address']"}},
    }
    output = read(company, "user_summaries", "cost", **settings, **MODES[mode])
    assert found(personal, texts_of(output)) == set()
    users = output.records("user_summaries")
    assert users
    for user in users:
        assert user["copy"] == user["user__email_address"]
        assert (user["copy"] is None) == (mode == "drop")
    assert any("actor__email_address" in record for record in output.records("cost"))


@each_mode
def test_fields_that_nobody_knows(organization: Organize, mode: str) -> None:
    """They may name people, so they are left out, and the log says so."""
    simulator = organization(users=6)
    owned = {"owner": "Zoë Ünal"}
    simulator.edit("skills", DAY, lambda rows: [{**row, **owned} for row in rows])
    kept = read(simulator, "skills").records("skills")
    assert kept
    assert all(record["additional_fields"] == owned for record in kept)
    output = read(simulator, "skills", **MODES[mode])
    assert found(set(owned.values()), texts_of(output)) == set()
    assert any(
        "New field owner: its values are left out (personal_data)" in message
        for message in output.logged
    )


@each_mode
def test_older_answers(organization: Organize, mode: str) -> None:
    """Legacy reports used to call an address `email`."""
    simulator = organization(users=6, generation="2023-06-01", force_generation=True)
    streams = ("user_usage_report", "user_cost_report")
    before, after = read(simulator, *streams), read(simulator, *streams, **MODES[mode])
    addresses = {r["actor_email_address"] for s in streams for r in before.records(s)}
    assert len(addresses - {None}) > 1
    assert found(addresses - {None}, texts_of(after)) == set()


# Changing the setting


def test_a_change_reads_again(company: Simulator) -> None:
    """From `start_date`, in the streams whose rows change, with one warning."""
    state = read(company, *FEW).state
    for settings, again in (
        ({"personal_data": "keep"}, set()),
        (MODES["hash"], set(FEW)),
        (MODES["hash"], set[str]()),
        (MODES["hash"] | {"personal_data_salt": OTHER_SALT}, {*FEW} - {"skills"}),
        (MODES["drop"], {*FEW} - {"skills"}),
        ({}, set(FEW)),
    ):
        shortly = {"lookback_days": 0, "report_lookback_days": 0, **settings}
        output = read(company, *FEW, state=state, **shortly)
        state = output.state
        warnings = [m for m in output.warnings if "have changed" in m]
        assert len(warnings) == bool(again)
        named = warnings[0].partition("start_date: ")[2] if warnings else ""
        assert set(named.partition(".")[0].split(", ")) - {""} == again
        assert all("stay as they are" in warning for warning in warnings)


def test_a_state_of_before(company: Simulator) -> None:
    """A state that says nothing of the setting is one of records as they are."""
    streams = ("user_summaries", "readings")
    state = read(company, *streams).state
    kept = state["bookmarks"]["user_summaries"]
    assert "personal_data" not in kept["shape"]
    del kept["shape"]
    output = read(company, *streams, state=state, lookback_days=0)
    assert output.read_days("user_summaries") == []
    output = read(company, *streams, state=state, lookback_days=0, **MODES["drop"])
    assert output.read_days("user_summaries")[0] == DAY.isoformat()


# What else a run says


@each_mode
def test_the_connection_test(
    company: Simulator, personal: set[str], mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names nobody, and says what becomes of personal data."""
    tap = TapClaudeAnalytics(config=config_for(company, **MODES[mode]))
    assert tap.run_connection_test()
    report = capsys.readouterr().out
    assert found(personal | {SALT}, report) == set()
    assert ("are hashed, and names are left out" in report) == (mode == "hash")
    assert ("and names are left out." in report) is True


def test_the_log_names_nobody(
    company: Simulator, personal: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    """At no level, and neither the salt."""
    caplog.set_level(logging.DEBUG)
    read(company, *FEW, **MODES["hash"])
    assert caplog.messages
    assert found(personal | {SALT}, "\n".join(caplog.messages)) == set()
