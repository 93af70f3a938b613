"""The Meltano project is complete, asks for no more than it loads, and names nobody.

One run into PostgreSQL, with `personal_data`: what is hashed is in the same columns.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from hashlib import md5, sha256
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import sql
from ruamel.yaml import YAML

from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT, truth
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
    from collections.abc import Iterator, Mapping

    import psycopg

    from tests.system.meltano_fixture import MeltanoProject

TODAY = date(2026, 10, 12)
#: A Thursday, on which many worked.
LAST = date(2026, 10, 8)
FIRST = LAST - timedelta(days=1)
SALT = "the salt of a test"
#: What the simulator does not know of, and the tap neither.
ODD_NAME, ODD_ADDRESS = "Übersee-Ünal, Zoë", "zoe@private.example"

SCHEMA = "tap_claude_analytics"
PROJECT = YAML(typ="safe").load(ROOT / "meltano.yml")
(EXTRACTOR,) = PROJECT["plugins"]["extractors"]
LOADERS = PROJECT["plugins"]["loaders"]

# PostgreSQL takes names of at most 63 bytes. Longer ones begin with these instead, and
# another abbreviation would be another column.
SHORT = {
    "chat_cowork_unified_metrics": "ccum",
    "claude_code_metrics": "ccm",
    "office_metrics": "om",
}


def with_new_fields(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with people in fields that the tap does not know."""
    friend = {"best_friend": ODD_ADDRESS}
    return [
        {
            **row,
            "owner": {"full_name": ODD_NAME},
            "chat_metrics": {**row["chat_metrics"], **friend},
        }
        for row in rows
    ]


@pytest.fixture(scope="module")
def tap() -> TapClaudeAnalytics:
    """The tap without a catalog, hence with the streams that are on by default."""
    return TapClaudeAnalytics(config={"api_key": "none"})


@pytest.fixture(scope="module")
def loaded(meltano_project: MeltanoProject) -> Iterator[Sandbox]:
    """A sandbox in which Meltano has loaded two days, with identities hashed."""
    with Sandbox(Options(users=12, projects=8)) as box:
        truth.assert_busy(box.simulator, "users", LAST)
        box.simulator.edit("users", LAST, with_new_fields)
        box.environment |= {
            "TAP_CLAUDE_ANALYTICS_START_DATE": FIRST.isoformat(),
            "TAP_CLAUDE_ANALYTICS_END_DATE": LAST.isoformat(),
            "TAP_CLAUDE_ANALYTICS_PERSONAL_DATA": "hash",
            "TAP_CLAUDE_ANALYTICS_PERSONAL_DATA_SALT": SALT,
            # Were Meltano's hub asked for anything, the simulator would be.
            "MELTANO_HUB_URL": box.simulator.url,
        }
        result = meltano_project.run(box)
        assert result.returncode == 0, result.stdout + result.stderr
        assert SALT not in result.stdout + result.stderr
        yield box


@pytest.fixture(scope="module")
def asked(loaded: Sandbox) -> set[str]:
    """The endpoints that Meltano's run asked."""
    return {request.path for request in loaded.simulator.requests}


@pytest.fixture(scope="module")
def unmasked(loaded: Sandbox, asked: set[str]) -> Output:
    """The same records as they are."""
    assert asked
    return read(loaded)


def read(loaded: Sandbox, **settings: Any) -> Output:
    """Run the tap in this process for the same days."""
    days: dict[str, Any] = {"start_date": FIRST.isoformat(), "end_date": LAST.isoformat()}
    return run(loaded.simulator, **days, **settings)


@pytest.fixture(scope="module")
def personal(loaded: Sandbox) -> set[str]:
    """Everything personal that the simulator has."""
    names = E_MAILS | NAMES | PROJECTS | OTHER_IDENTITIES
    people = [*rows(loaded.simulator, FIRST, LAST)]
    return values_of(people, names) | {ODD_NAME, ODD_ADDRESS}


def leaves(schema: Mapping[str, Any], *parents: str) -> Iterator[str]:
    """Yield the columns that a stream should have.

    Args:
        schema: The JSON schema of an object.
        parents: The names of the objects around it.
    """
    for name, field in schema["properties"].items():
        if "properties" in field:
            yield from leaves(field, *parents, name)
        else:
            path = (*parents, name)
            long = "__".join(path)
            yield long if len(long) < 64 else "__".join((SHORT[path[0]], *path[1:]))


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
def dump(loaded: Sandbox) -> str:
    """The whole database."""
    with loaded.connect() as connection:
        return everything(connection)


@pytest.mark.parametrize("plugin", [EXTRACTOR, *LOADERS], ids=lambda each: each["name"])
def test_plugins_are_complete(plugin: Mapping[str, Any]) -> None:
    """Every plugin is defined here, so that no hub is needed, and explains itself."""
    assert {"executable", "namespace", "pip_url"} <= set(plugin)
    for setting in plugin["settings"]:
        assert {"description", "kind", "label"} <= set(setting)
    names = {setting["name"] for setting in plugin["settings"]}
    assert set(plugin["config"]) <= names


def test_asks_the_default_endpoints_only(asked: set[str]) -> None:
    """A `meltano run` asks for the streams of the selection, and no hub."""
    reports = {"usage", "cost"}
    assert asked == {*truth.PATHS.values(), *reports}


def test_every_leaf_is_a_column(loaded: Sandbox, tap: TapClaudeAnalytics) -> None:
    """No name is cut, no two become one, and no object with known fields stays whole."""
    rows = loaded.query(
        "select table_name, column_name from information_schema.columns"
        f" where table_schema = '{SCHEMA}' and column_name not like '\\_sdc%'"
        ' order by column_name collate "C"'
    )
    columns: dict[str, list[str]] = {}
    for table, column in rows:
        columns.setdefault(table, []).append(column)
    assert columns == {
        name: sorted(leaves(stream.schema))
        for name, stream in tap.streams.items()
        if stream.selected_by_default
    }


def test_dropped_columns_stay(loaded: Sandbox, unmasked: Output) -> None:
    """A table has the same columns with any setting."""
    kept, dropped = (
        [message for message in output.messages if message["type"] == "SCHEMA"]
        for output in (unmasked, read(loaded, personal_data="drop"))
    )
    assert kept
    assert dropped == kept


def test_nobody_is_in_the_database(dump: str, unmasked: Output, personal: set[str]) -> None:
    """Nobody of whom the tap would tell, in whatever table and column."""
    records = [m["record"] for m in unmasked.messages if m["type"] == "RECORD"]
    assert len(personal) > 20
    assert found(personal, json.dumps(records, default=str)) == personal
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


def test_the_search_looks_everywhere(loaded: Sandbox, personal: set[str]) -> None:
    """A person hidden somewhere in the database is found."""
    somebody = max(personal)
    with loaded.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("create schema elsewhere")
        connection.execute('create table elsewhere."A table" ("A column" jsonb)')
        connection.execute(
            'insert into elsewhere."A table" values (%s)',
            [json.dumps({"who": [somebody.upper()]})],
        )
        assert found({somebody}, everything(connection)) == {somebody}


def test_no_row_is_lost(loaded: Sandbox, unmasked: Output) -> None:
    """The keys still tell the rows apart, in every stream, and subjects too."""
    landed = {entry.table: entry.rows for entry in loaded.landed()}
    expected = {stream: len(unmasked.records(stream)) for stream in landed}
    assert {*truth.ALL, "usage", "cost"} == landed.keys()
    assert landed == expected
    actors = [record["actor"] or {} for record in unmasked.records("cost")]
    subjects = {actor.get("subject") for actor in actors} - {None}
    hashed = loaded.query(
        f"select distinct actor__subject, actor_id from {SCHEMA}.cost"
        " where actor__subject is not null"
    )
    assert all(subject == actor_id for subject, actor_id in hashed)
    assert len(hashed) == len(subjects) > 1


@pytest.mark.parametrize(
    ("stream", "owner"), [("chat_projects", "created_by"), ("cost", "actor")]
)
def test_joins_hold(loaded: Sandbox, unmasked: Output, stream: str, owner: str) -> None:
    """Records of one user have one user's digest."""
    pairs = sum(
        user["date"] == other["date"]
        and user["email_address"] == (other[owner] or {}).get("email_address")
        for user in unmasked.records("user_summaries")
        for other in unmasked.records(stream)
    )
    [(joined,)] = loaded.query(
        f"select count(*) from {SCHEMA}.user_summaries u join {SCHEMA}.{stream} o"
        f" on o.date = u.date and o.{owner}__email_address = u.email_address"
    )
    assert joined == pairs > 0
