"""The README's recipe masks people everywhere, and what belongs together still does."""

from __future__ import annotations

import json
from datetime import date, timedelta
from hashlib import md5, sha256
from itertools import product
from textwrap import indent
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from tests import masking, truth
from tests.sandbox import Sandbox
from tests.simulator import Options
from tests.singer import Output, run
from tests.system.meltano_fixture import MeltanoProject
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

    from tests.simulator import Simulator

SALT = {"salt": "of a test"}

TODAY = date(2026, 10, 12)
#: Three days on which many worked, up to a Thursday.
LAST = date(2026, 10, 8)
FIRST = LAST - timedelta(days=2)

FLAT, NESTED = "tap_claude_analytics", "nested"
SCHEMAS = (FLAT, NESTED)

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
def project(
    meltano_project: MeltanoProject, tmp_path_factory: pytest.TempPathFactory
) -> MeltanoProject:
    """The project with the README's recipe pasted in as it says, and its plugins."""
    folder = tmp_path_factory.mktemp("masked")
    definition = (meltano_project.folder / "meltano.yml").read_text(encoding="utf-8")
    before, config, after = definition.partition("\n    config:\n")
    recipe = "\n".join(json.dumps(masking.recipe(), indent=2).split("\n")[1:-1])
    pasted = f"{before}{config}{indent(recipe, ' ' * 4)}\n{after}"
    (folder / "meltano.yml").write_text(pasted, encoding="utf-8")
    plugins = meltano_project.folder / ".meltano"
    plugins.mkdir(exist_ok=True)
    (folder / ".meltano").symlink_to(plugins)
    return MeltanoProject(folder)


@pytest.fixture(scope="module")
def box(project: MeltanoProject) -> Iterator[Sandbox]:
    """A database with all streams, masked: in one schema flattened, in one not."""
    with Sandbox(Options(users=30, projects=16)) as sandbox:
        for endpoint in ("users", "skills", "connectors"):
            truth.assert_busy(sandbox.simulator, endpoint, LAST)
            sandbox.simulator.edit(endpoint, LAST, with_new_fields)
        sandbox.environment |= {
            "TAP_CLAUDE_ANALYTICS_START_DATE": FIRST.isoformat(),
            "TAP_CLAUDE_ANALYTICS_END_DATE": LAST.isoformat(),
            "TAP_CLAUDE_ANALYTICS_STREAM_MAP_CONFIG": json.dumps(SALT),
            "TAP_CLAUDE_ANALYTICS__SELECT": '["*.*"]',
        }
        flat = project.run(sandbox)
        assert flat.returncode == 0, flat.stderr[-5000:]
        sandbox.environment |= {
            "TAP_CLAUDE_ANALYTICS_FLATTENING_ENABLED": "false",
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": NESTED,
        }
        nested = project.run(sandbox, f"--state-id-suffix={NESTED}")
        assert nested.returncode == 0, nested.stderr[-5000:]
        yield sandbox


@pytest.fixture(scope="module")
def unmasked(box: Sandbox) -> Output:
    """The same records without the recipe."""
    output = run(
        box.simulator,
        *masking.SCHEMAS,
        start_date=FIRST.isoformat(),
        end_date=LAST.isoformat(),
    )
    assert not output.failures
    return output


@pytest.fixture(scope="module")
def personal(box: Sandbox) -> set[str]:
    """Everything personal that the simulator has."""
    names = E_MAILS | NAMES | PROJECTS | OTHER_IDENTITIES
    values = values_of([*rows(box.simulator, FIRST, LAST)], names)
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
    digests = {digest(g).hexdigest() for g in guesses for digest in (sha256, md5)}
    keys = {
        record["row_key"]
        for stream in ("usage", "cost")
        for record in unmasked.records(stream)
        if record["actor_type"] == "federated_actor"
    }
    assert keys
    assert found(digests | keys, dump) == set()


def test_without_the_recipe_everybody_is_found(
    unmasked: Output, personal: set[str]
) -> None:
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


def column_at(schema: str, path: str) -> str:
    """Return where the value of a path is in the database."""
    if schema == FLAT:
        return path.replace(".", "__")
    top, *nested = path.split(".")
    return top + "".join(f" ->> '{name}'" for name in nested)


@pytest.mark.parametrize(("stream", "path", "column"), JOINS)
@pytest.mark.parametrize("schema", SCHEMAS)
def test_joins_hold(
    box: Sandbox, unmasked: Output, schema: str, stream: str, path: str, column: str
) -> None:
    """Records of one user have one user's values, hashed or not."""
    pairs = sum(
        user["date"] == other["date"] and user[column] == value_at(other, path)
        for user in unmasked.records("user_summaries")
        for other in unmasked.records(stream)
    )
    [(joined,)] = box.query(
        f"select count(*) from {schema}.user_summaries u join {schema}.{stream} o"
        f" on o.date = u.date and o.{column_at(schema, path)} = u.{column}"
    )
    assert joined == pairs > 0


def test_federated_identities_keep_apart(box: Sandbox, unmasked: Output) -> None:
    """Hashed, as many of them are told apart as before."""
    expected = {value_at(record, "actor.subject") for record in unmasked.records("cost")}
    landed = box.query(
        f"select distinct actor__subject, actor_id from {FLAT}.cost"
        " where actor__subject is not null"
    )
    assert all(subject == actor_id for subject, actor_id in landed)
    assert len(landed) == len(expected - {None}) > 1


# The recipe itself


@pytest.mark.parametrize("streams", [(), ("user_summaries",), ("readings",)])
def test_any_selection(simulator: Simulator, streams: tuple[str, ...]) -> None:
    """The recipe is for all streams, whichever of them are selected."""
    output = run(
        simulator,
        *streams,
        start_date="2026-01-14",
        stream_map_config=SALT,
        **masking.recipe(),
    )
    assert not output.failures
    selected = {m["stream"] for m in output.messages if m["type"] == "SCHEMA"}
    assert selected == set(streams or (*truth.ALL, "usage", "cost"))


@pytest.mark.parametrize("stream", masking.SCHEMAS)
def test_every_text_is_judged(stream: str) -> None:
    """A new field is personal or not: somebody has to say so."""
    assert masking.unjudged(masking.SCHEMAS[stream]) == set()


def test_no_judgement_is_stale() -> None:
    """What is judged exists."""
    exists = {path for schema in masking.SCHEMAS.values() for path in masking.texts(schema)}
    harmless = {path for paths in masking.HARMLESS.values() for path in paths}
    assert masking.HASHED | masking.DROPPED | masking.DERIVED.keys() | harmless == exists
    assert not (masking.HASHED | masking.DROPPED) & harmless


@pytest.mark.parametrize(
    "salt", [{}, {"stream_map_config": {}}, {"stream_map_config": {"salt": None}}]
)
def test_without_a_salt_nothing_goes_out(
    simulator: Simulator, salt: dict[str, Any]
) -> None:
    """A hash without one could be guessed, so the run fails instead."""
    with pytest.raises((KeyError, TypeError)):
        run(simulator, "user_summaries", **masking.recipe(), **salt)


@pytest.mark.parametrize(
    ("creator", "expected"),
    [
        (None, None),
        ({"id": "user_1"}, {"email_address": None, "id": "user_1", "type": None}),
        ({"email_address": None}, {"email_address": None, "id": None, "type": None}),
    ],
    ids=["no object", "missing fields", "no address"],
)
def test_what_is_not_there_is_null(
    simulator: Simulator,
    creator: dict[str, Any] | None,
    expected: dict[str, Any] | None,
) -> None:
    """And no error, for the hash of nothing would be one."""
    day = date(2026, 1, 14)

    def changed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "created_by": creator} for row in rows]

    simulator.edit("chat_projects", day, changed)
    output = run(
        simulator,
        "chat_projects",
        start_date=day.isoformat(),
        stream_map_config=SALT,
        **masking.recipe(),
    )
    assert not output.failures
    found_users = [record["created_by"] for record in output.records("chat_projects")]
    assert found_users
    assert all(user == expected for user in found_users)
