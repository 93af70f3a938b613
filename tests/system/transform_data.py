"""A database with weeks of an organisation in it."""

import copy
import re
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import time_machine

from tests import dbt_sources, fake_clock, singer, truth
from tests.sandbox import Sandbox
from tests.simulator import Simulator
from tests.system.warehouse import LOADED
from tests.truth import Record

#: The day of the last run; the one before it was a day earlier.
TODAY = date(2026, 11, 5)
#: What is read of cost: two whole months, some days before, and some after.
COST_DAYS = [date(2026, 8, 30) + timedelta(days=n) for n in range(68)]
#: What is read of everything else: more than the 28 days that some views look at.
DAYS = [date(2026, 9, 28) + timedelta(days=n) for n in range(36)]
#: What happens to days between the runs: a Sunday, a Thursday and a Wednesday.
REVISED, VANISHED, EMPTIED = DAYS[-2], DAYS[-5], DAYS[-6]
#: A day with figures that cannot be computed; from then on, names are others.
ODD = DAYS[-4]
#: The youngest day, on which nobody uses skills or connectors. On this one and on the day
#: before, which are all there is of November, nothing is known of Claude Code.
IDLE = DAYS[-1]

#: All but cost, which is read from an earlier day, and usage: one table is missing, as
#: where a stream is not selected.
STREAMS = (*truth.STREAMS, "team_summaries", "skills_by_user", "connectors_by_user")


def fill(box: Sandbox, project: Path) -> None:
    """Load two days' runs of the tap, between which days are revised."""
    simulator = box.simulator
    for day in DAYS:
        simulator.edit("skills", day, _never_known)
        simulator.edit("connectors", day, _never_known)
    beginner = simulator.truth("users", DAYS[-7])[0]["user"]["id"]
    for day in DAYS[:28]:
        simulator.edit(
            "users", day, lambda rows: [r for r in rows if r["user"]["id"] != beginner]
        )
    simulator.edit("users", ODD, _odd_code)
    simulator.edit("connectors", ODD, _odd_calls)
    for day in (REVISED, IDLE):
        simulator.edit("users", day, _changed(claude_code_metrics=None))
    for day in DAYS[DAYS.index(ODD) :]:
        simulator.edit("users", day, _moved)
        simulator.edit("skills", day, _renamed)
        simulator.edit("connectors", day, _renamed)
    for endpoint in ("skills", "connectors"):
        simulator.edit(endpoint, IDLE, lambda _: [])
    outputs = _run(simulator, TODAY - timedelta(days=1), {})
    counts = {"assigned_seat_count": None, "chat_weekly_active_user_count": None}
    simulator.edit("summaries", REVISED, _changed(weekly_active_user_count=7, **counts))
    for endpoint in set(truth.ROW_STREAMS.values()) - {"summaries"}:
        simulator.edit(endpoint, REVISED, _changed(distinct_user_count=1000))
        simulator.edit(endpoint, VANISHED, lambda rows: rows[1:])
        simulator.edit(endpoint, EMPTIED, lambda _: [])
    simulator.revise(REVISED, lambda facts: [f.scaled(Decimal("1.00333")) for f in facts])
    simulator.revise(VANISHED, lambda facts: facts[1:])
    simulator.revise(EMPTIED, lambda _: [])
    outputs += _run(simulator, TODAY, outputs[-1].state)
    _load(box, project, outputs)


def _run(simulator: Simulator, today: date, state: Record) -> list[singer.Output]:
    """Run the tap at noon of a day, with the settings that the repository's project has."""
    simulator.today = today
    outputs = []
    with time_machine.travel(fake_clock.noon(today)):
        for since, streams in ((COST_DAYS[0], ("usage", "cost")), (DAYS[0], STREAMS)):
            output = singer.run(
                simulator,
                *streams,
                "readings",
                state=state,
                start_date=since.isoformat(),
                lookback_days=7,
                **dbt_sources.project_settings(),
            )
            assert not output.failures
            outputs.append(output)
            state = output.state
    return outputs


def _load(box: Sandbox, project: Path, outputs: list[singer.Output]) -> None:
    """Load runs of the tap into the database, one after the other, as the project does."""
    encoder = msgspec.json.Encoder(decimal_format="number")
    box.environment["TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA"] = LOADED
    with tempfile.NamedTemporaryFile() as file:
        for output in outputs:
            file.writelines(encoder.encode(message) + b"\n" for message in output.messages)
        file.flush()
        command = ["sh", "-c", 'meltano invoke target-postgres < "$0"', file.name]
        loaded = box.run(command, folder=project)
    assert loaded.returncode == 0, loaded.stderr[-5000:]


def _changed(**values: object) -> Callable[[list[Record]], list[Record]]:
    """Return an edit that gives all rows these values."""
    return lambda rows: [row | values for row in rows]


def _odd_code(rows: list[Record]) -> list[Record]:
    """Return rows of users, in two of which figures of Claude Code are null."""
    first, second, *others = copy.deepcopy(rows)
    tools = first["claude_code_metrics"]["tool_actions"]
    tools["write_tool"] = {"accepted_count": 90, "rejected_count": None}
    return [first, second | {"claude_code_metrics": None}, *others]


def _never_known(rows: list[Record]) -> list[Record]:
    """Return rows, those of one skill and one connector without how often it was used."""
    unknown = {"unknown", "slack"}
    return [
        row | {name: None for name in row if re.search("(invocation|_call)_count$", name)}
        if {row.get("skill_name"), row.get("connector_name")} & unknown
        else row
        for row in rows
    ]


def _renamed(rows: list[Record]) -> list[Record]:
    return [row | {name: "New" for name in row if "display" in name} for row in rows]


def _moved(rows: list[Record]) -> list[Record]:
    address = {"email_address": "moved@example.com"}
    return [row | {"user": row["user"] | address} for row in rows]


def _odd_calls(rows: list[Record]) -> list[Record]:
    """Return rows of connectors; of the calls of each, another kind is not known."""
    kinds = [f"{kind}_call_count" for kind in ("read", "write", "unclassified")]
    return [
        row | dict.fromkeys(kinds, 5) | {kinds[place % 3]: None}
        for place, row in enumerate(rows)
    ]
