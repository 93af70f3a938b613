"""`personal_data` in every stream: hashed or dropped, and everything else as it was."""

import copy
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tap_claude_analytics.records.personal import ADDRESS
from tests import masking, truth
from tests.simulator import Options, Simulator
from tests.singer import Organize, Output, run
from tests.system.personal_data import found, personal_texts

TODAY = date(2026, 10, 11)
#: A Thursday, on which many worked, and the latest day that is read of what is no report.
DAY = date(2026, 10, 8)
SALT, OTHER_SALT = "not a secret at all", "another one, as open"
MODES: dict[str, dict[str, Any]] = {
    "hash": {"personal_data": "hash", "personal_data_salt": SALT},
    "drop": {"personal_data": "drop"},
}
OWNER = "Zoë Ünal"
#: One stream of each family, with people in it but for the last.
FEW = ("user_summaries", "cost", "members", "skills")


@pytest.fixture(scope="module")
def company() -> Iterator[Simulator]:
    """An organisation with people, projects and federated identities."""
    with Simulator(Options(today=TODAY, users=16, projects=8)) as simulator:
        truth.assert_busy(simulator, "users", DAY)
        # Fields that nobody knows may name people.
        simulator.edit("skills", DAY, lambda rows: [{**r, "owner": OWNER} for r in rows])
        yield simulator


def read(company: Simulator, *streams: str, **settings: Any) -> Output:
    """Read streams, all by default, for one day; snapshots for today."""
    output = run(company, *(streams or masking.SCHEMAS), start_date=DAY, **settings)
    assert not output.failures
    return output


@pytest.fixture(scope="module")
def kept(company: Simulator) -> Output:
    """All streams as they are."""
    return read(company)


@pytest.fixture(scope="module", params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """Each value of the setting that changes records."""
    return str(request.param)


@pytest.fixture(scope="module")
def masked(company: Simulator, mode: str) -> Output:
    """All streams, hashed or dropped."""
    return read(company, **MODES[mode])


@pytest.fixture(scope="module")
def personal(company: Simulator) -> set[str]:
    """Everything personal that the simulator has."""
    names = ("name", "email", "email_address", "project_name", "subject")
    everybody = ("members", "invites")
    people = personal_texts(company, DAY, *names, "signed_principal", others=everybody)
    return people | {OWNER}


def texts_of(output: Output) -> str:
    """Return all records as one text."""
    return json.dumps([m for m in output.messages if m["type"] == "RECORD"], default=str)


def digest(text: str | None) -> str | None:
    """Return the digest that is expected of a text."""
    if text is None:
        return None
    return hmac.new(SALT.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def as_read(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without its key and the time of its reading."""
    return {n: v for n, v in record.items() if n not in {"row_key", "snapshot_at"}}


def expected(stream: str, record: dict[str, Any], mode: str) -> dict[str, Any]:
    """Return what becomes of a record, but for its key and the time of its reading."""
    masked = copy.deepcopy(as_read(record))
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
    return masked


def test_nobody_is_named(kept: Output, masked: Output, personal: set[str]) -> None:
    """In no record, state or line of the log; without the setting, the search finds all.

    Tables have the same columns, whatever becomes of personal data.
    """
    assert len(personal) > 30
    assert found(personal, texts_of(kept)) == personal
    assert found(personal, texts_of(masked)) == set()
    assert found(personal | {SALT}, json.dumps([masked.state, masked.logged])) == set()
    assert kept.schemas == masked.schemas
    told = "New field owner: its values are left out (personal_data)"
    assert any(told in message for message in masked.logged)


@pytest.mark.parametrize("stream", masking.SCHEMAS)
def test_records(kept: Output, masked: Output, stream: str, mode: str) -> None:
    """As many as without the setting, and each is what the table of fields says."""
    before = kept.records(stream)
    assert before
    after = [as_read(record) for record in masked.records(stream)]
    assert after == [expected(stream, record, mode) for record in before]


@pytest.mark.parametrize("stream", ["usage", "cost"])
def test_row_keys(kept: Output, masked: Output, stream: str) -> None:
    """They change where the identity of an actor is personal, and stay unique."""
    changed: Counter[bool] = Counter()
    after = masked.records(stream)
    for old, new in zip(kept.records(stream), after, strict=True):
        actor = old["actor"] or {}
        principal = (actor.get("provider") or {}).get("signed_principal")
        is_personal = bool(actor.get("subject") or principal)
        assert (old["row_key"] != new["row_key"]) == is_personal
        changed[is_personal] += 1
    assert changed[True] > 1
    assert changed[False] > 1
    assert len({(r["starting_at"], r["row_key"]) for r in after}) == len(after)


def test_flattening_and_stream_maps(
    company: Simulator, personal: set[str], mode: str
) -> None:
    """Both get what has been masked: a stream map cannot undo it."""
    flat = {"flattening_enabled": True, "flattening_max_depth": 5}
    maps = {"user_summaries": {"copy": "user['email_address']"}}
    settings = {**flat, "stream_maps": maps, **MODES[mode]}
    output = read(company, "user_summaries", "cost", **settings)
    assert found(personal, texts_of(output)) == set()
    users = output.records("user_summaries")
    assert users
    for user in users:
        assert user["copy"] == user["user__email_address"]
        assert (user["copy"] is None) == (mode == "drop")
    assert any("actor__email_address" in record for record in output.records("cost"))


def test_legacy_reports(organization: Organize, mode: str) -> None:
    """They used to call an address `email`."""
    simulator = organization(users=6, generation="2023-06-01")
    reports = ("user_usage_report", "user_cost_report")
    before = read(simulator, *reports)
    actors = [actor for report in reports for actor in before.records(report)]
    addresses = {actor["actor_email_address"] for actor in actors} - {None}
    assert len(addresses) > 1
    after = read(simulator, *reports, **MODES[mode])
    assert found(addresses, texts_of(after)) == set()


def test_a_change_reads_again(company: Simulator) -> None:
    """From `start_date`, in the streams whose rows change, with one warning."""
    shortly = {"lookback_days": 0, "report_lookback_days": 0}
    state = read(company, *FEW).state
    again: set[str]
    for settings, again in (
        ({"personal_data": "keep"}, set()),
        (MODES["hash"], set(FEW)),
        (MODES["hash"], set()),
        (MODES["hash"] | {"personal_data_salt": OTHER_SALT}, {*FEW} - {"skills"}),
        (MODES["drop"], {*FEW} - {"skills"}),
        ({}, set(FEW)),
    ):
        output = read(company, *FEW, state=state, **shortly, **settings)
        state = output.state
        pattern = r"have changed.* start_date: ([\w, ]+)\..* stay as they are"
        named = re.findall(pattern, "\n".join(output.warnings))
        assert [{*streams.split(", ")} for streams in named] == ([again] if again else [])
    # A state that says nothing of the setting is one of records as they are.
    shape = state["bookmarks"]["user_summaries"].pop("shape")
    assert "personal_data" not in shape
    for settings, days in (({}, []), (MODES["drop"], [DAY.isoformat()])):
        streams = ("user_summaries", "readings")
        output = read(company, *streams, state=state, **shortly, **settings)
        assert output.read_days("user_summaries") == days
