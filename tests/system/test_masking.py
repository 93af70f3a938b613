"""With `personal_data`, nobody is in the database, and what belongs together still is."""

from __future__ import annotations

import json
from datetime import date, timedelta
from hashlib import md5, sha256
from itertools import product
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from tap_claude_analytics.records.personal import ACTOR
from tests import masking, truth
from tests.sandbox import Sandbox
from tests.simulator import Options
from tests.singer import Output, run
from tests.system.personal_data import (
    E_MAILS,
    NAMES,
    OTHER_IDENTITIES,
    PROJECTS,
    found,
    rows,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.meltano_fixture import MeltanoProject

SALT = "the salt of a test"

TODAY = date(2026, 10, 12)
#: A Thursday, on which many worked.
LAST = date(2026, 10, 8)
FIRST = LAST - timedelta(days=2)
#: The latest day that is read of what is no report.
LATEST = LAST + timedelta(days=1)

#: Hashed and flattened; dropped and not flattened.
HASHED, DROPPED = "tap_claude_analytics", "dropped"
SCHEMAS = (HASHED, DROPPED)

#: What the simulator does not know of, and the tap neither.
ODD_NAME, ODD_ADDRESS = "Übersee-Ünal, Zoë", "zoe@private.example"

#: Who is whom in other streams, by which column of ``user_summaries``.
JOINS = [
    ("chat_projects", "created_by.id", "user_id"),
    ("chat_projects", "created_by.email_address", "email_address"),
    *product(
        ("usage", "cost", "user_usage_report", "user_cost_report"),
        ("actor_id", "actor.user_id"),
        ("user_id",),
    ),
    *product(
        ("usage", "cost", "user_usage_report", "user_cost_report"),
        ("actor_email_address", "actor.email_address"),
        ("email_address",),
    ),
]


def with_new_fields(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with people in fields that the tap does not know."""
    return [
        {
            **row,
            "owner": {"full_name": ODD_NAME},
            "chat_metrics": {**row["chat_metrics"], "best_friend": ODD_ADDRESS},
        }
        for row in rows
    ]


@pytest.fixture(scope="module")
def box(meltano_project: MeltanoProject) -> Iterator[Sandbox]:
    """A database with all streams: in one schema hashed and flattened, in one dropped."""
    with Sandbox(Options(users=30, projects=16)) as sandbox:
        for endpoint in ("users", "skills", "connectors"):
            truth.assert_busy(sandbox.simulator, endpoint, LAST)
            sandbox.simulator.edit(endpoint, LAST, with_new_fields)
        sandbox.environment |= {
            "TAP_CLAUDE_ANALYTICS_START_DATE": FIRST.isoformat(),
            "TAP_CLAUDE_ANALYTICS_PERSONAL_DATA": "hash",
            "TAP_CLAUDE_ANALYTICS_PERSONAL_DATA_SALT": SALT,
            "TAP_CLAUDE_ANALYTICS__SELECT": '["*.*"]',
        }
        hashed = meltano_project.run(sandbox)
        assert hashed.returncode == 0, hashed.stderr[-5000:]
        assert SALT not in hashed.stderr
        sandbox.environment |= {
            "TAP_CLAUDE_ANALYTICS_PERSONAL_DATA": "drop",
            "TAP_CLAUDE_ANALYTICS_FLATTENING_ENABLED": "false",
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": DROPPED,
        }
        dropped = meltano_project.run(sandbox, f"--state-id-suffix={DROPPED}")
        assert dropped.returncode == 0, dropped.stderr[-5000:]
        yield sandbox


@pytest.fixture(scope="module")
def unmasked(box: Sandbox) -> Output:
    """The same records as they are."""
    output = run(box.simulator, *masking.SCHEMAS, start_date=FIRST.isoformat())
    assert not output.failures
    return output


@pytest.fixture(scope="module")
def personal(box: Sandbox) -> set[str]:
    """Everything personal that the simulator has."""
    simulator = box.simulator
    names = E_MAILS | NAMES | PROJECTS | OTHER_IDENTITIES
    values = values_of([*rows(simulator, FIRST, LATEST)], names)
    for resource in ("members", "invites"):
        values |= values_of(simulator.truth(resource, TODAY), {"email", "name"})
    return {*values, ODD_NAME, ODD_ADDRESS}


def everything(connection: psycopg.Connection[tuple[Any, ...]]) -> str:
    """Return the text of every column of every table of every schema."""
    columns = connection.execute(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema not in ('information_schema', 'pg_catalog')"
    ).fetchall()
    values: set[str] = set()
    for schema, table, column in columns:
        statement = sql.SQL("select distinct {}::text from {}").format(
            sql.Identifier(column), sql.Identifier(schema, table)
        )
        values.update(str(value) for (value,) in connection.execute(statement))
    return "\n".join(sorted(values))


@pytest.fixture(scope="module")
def dump(box: Sandbox) -> str:
    """The whole database."""
    with box.connect() as connection:
        return everything(connection)


def test_nobody_is_in_the_database(dump: str, personal: set[str]) -> None:
    """No e-mail address, name, subject or project, in whatever table and column."""
    assert found(personal, dump) == set()


def test_nobody_can_be_guessed(dump: str, unmasked: Output, personal: set[str]) -> None:
    """No digest that can be made without the salt, nor a key that is one."""
    guesses = [value.encode() for value in personal]
    digests = {of(guess).hexdigest()[:32] for guess in guesses for of in (sha256, md5)}
    keys = {
        record["row_key"]
        for stream in ("usage", "cost")
        for record in unmasked.records(stream)
        if values_of(record["actor"], OTHER_IDENTITIES)
    }
    assert keys
    assert found(digests | keys, dump) == set()


def test_with_keep_everybody_is_found(unmasked: Output, personal: set[str]) -> None:
    """What is searched for is what the tap would give."""
    assert len(personal) > 30
    records = [m["record"] for m in unmasked.messages if m["type"] == "RECORD"]
    assert found(personal, json.dumps(records, default=str)) == personal


def test_the_search_looks_everywhere(box: Sandbox, personal: set[str]) -> None:
    """A person hidden somewhere in the database is found."""
    somebody = max(personal)
    with box.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("create schema elsewhere")
        connection.execute('create table elsewhere."A table" ("A column" jsonb)')
        connection.execute(
            'insert into elsewhere."A table" values (%s)',
            [json.dumps({"who": [somebody.upper()]})],
        )
        assert found({somebody}, everything(connection)) == {somebody}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_no_row_is_lost(box: Sandbox, unmasked: Output, schema: str) -> None:
    """The keys still tell the rows apart, in every stream."""
    landed = {entry.table: entry.rows for entry in box.landed() if entry.schema == schema}
    expected = {stream: len(unmasked.records(stream)) for stream in masking.SCHEMAS}
    assert landed == expected
    assert all(expected.values())


def value_at(record: dict[str, Any], path: str) -> object:
    """Return what stands at a path of a record."""
    value: Any = record
    for name in path.split("."):
        value = value and value.get(name)
    return value


def column(path: str) -> str:
    """Return the flattened column of a path."""
    return path.replace(".", "__")


@pytest.mark.parametrize(("stream", "path", "user_column"), JOINS)
def test_joins_hold(
    box: Sandbox, unmasked: Output, stream: str, path: str, user_column: str
) -> None:
    """Records of one user have one user's values, hashed or not."""
    pairs = sum(
        user["date"] == other["date"] and user[user_column] == value_at(other, path)
        for user in unmasked.records("user_summaries")
        for other in unmasked.records(stream)
    )
    [(joined,)] = box.query(
        f"select count(*) from {HASHED}.user_summaries u join {HASHED}.{stream} o"
        f" on o.date = u.date and o.{column(path)} = u.{user_column}"
    )
    assert joined == pairs > 0


def test_federated_identities_keep_apart(box: Sandbox, unmasked: Output) -> None:
    """Hashed, as many of them are told apart as before."""
    expected = {value_at(record, "actor.subject") for record in unmasked.records("cost")}
    landed = box.query(
        f"select distinct actor__subject, actor_id from {HASHED}.cost"
        " where actor__subject is not null"
    )
    assert all(subject == actor_id for subject, actor_id in landed)
    assert len(landed) == len(expected - {None}) > 1


@pytest.mark.parametrize("stream", masking.PERSONAL)
def test_dropped_columns_are_there_and_empty(box: Sandbox, stream: str) -> None:
    """A table has the same columns with any setting."""
    for path, kind in masking.PERSONAL[stream].items():
        top, *nested = path.split(".")
        value = " -> ".join([f'"{top}"', *(f"'{name}'" for name in nested)])
        # An actor with an id keeps it.
        of_whom = " where actor ->> 'type' = 'federated_actor'" if kind == ACTOR else ""
        [(count, filled)] = box.query(
            f"select count(*), count(nullif(({value})::text, 'null'))"
            f" from {DROPPED}.{stream}{of_whom}"
        )
        assert count
        assert filled == 0
