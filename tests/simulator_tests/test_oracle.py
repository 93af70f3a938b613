"""The official package judges the simulator: its client lists it, its models check it."""

from __future__ import annotations

import json
import types
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import anthropic
import pytest
from anthropic.types import organization as shared_types
from anthropic.types.beta.organization import analytics as beta_types
from anthropic.types.beta.organization.analytics.apps import chat as beta_chat_types
from anthropic.types.organization import analytics as ga_types
from anthropic.types.organization.analytics.apps import chat as ga_chat_types
from pydantic import BaseModel, TypeAdapter

from tests.simulator import ENDPOINTS, FLOOR, Endpoint, Options, Simulator
from tests.simulator_tests.asking import official_client, raw_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

JsonObject = dict[str, Any]

DAYS = [FLOOR + timedelta(days=offset) for offset in range(0, 322, 7 * 2 - 1)]
TODAY = DAYS[-1] + timedelta(days=1)

GROUPED = {"product", "rbac_group_id", "rbac_group_name", "user_id"}
"""Fields that only grouped answers have."""

# Rows for one user always say who it is, and only grouped rows say how many they are.
NEVER_NULL = {"users": {"user"}}
ALWAYS_NULL = {"users": {"distinct_user_count"}}

PARAMETERS = {
    "users": "UserListParams",
    "summaries": "SummaryListParams",
    "chat_projects": "ProjectListParams",
    "skills": "SkillListParams",
    "connectors": "ConnectorListParams",
    "plugins": "PluginListParams",
    "artifacts": "ArtifactListParams",
}
GROUPINGS = {
    "users": "AnalyticsUserGroupBy",
    "chat_projects": "AnalyticsProjectGroupBy",
    "skills": "AnalyticsSkillGroupBy",
    "connectors": "AnalyticsConnectorGroupBy",
    "plugins": "AnalyticsPluginGroupBy",
    "artifacts": "AnalyticsArtifactGroupBy",
}

pytestmark = pytest.mark.slow
each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)
each_client = pytest.mark.parametrize("prefix", ["", "beta."], ids=["ga", "beta"])


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Run one organisation with an empty page here and there."""
    with Simulator(Options(today=TODAY, empty_page_every=2)) as running:
        yield running


@pytest.fixture(scope="module")
def client(simulator: Simulator) -> Iterator[anthropic.Anthropic]:
    """Point the official client at it."""
    with official_client(simulator) as official:
        yield official


def questions(endpoint: Endpoint) -> list[JsonObject]:
    """Ask for each of the days, or for all that there are at once."""
    if "date" in endpoint.parameters:
        return [{"date": day.isoformat(), "limit": 9} for day in DAYS]
    return [{"starting_date": FLOOR.isoformat(), "ending_date": TODAY.isoformat()}]


def truth(
    simulator: Simulator, endpoint: Endpoint, question: JsonObject
) -> list[JsonObject]:
    """Give the rows that a question is about."""
    days: list[date] = [day for day in DAYS if day.isoformat() == question.get("date")]
    if not days:
        days = [FLOOR + timedelta(days=n) for n in range((TODAY - FLOOR).days)]
    return [row for day in days for row in simulator.truth(endpoint.name, day)]


def always_there(model: type[BaseModel]) -> set[str]:
    """List the fields of the first alphabetical run: there, if only with null."""
    names = [name for name in model.model_fields if name not in GROUPED]
    run = [
        name
        for place, name in enumerate(names)
        if names[: place + 1] == sorted(names[: place + 1])
    ]
    return set(run) | {
        name for name, field in model.model_fields.items() if field.is_required()
    }


def models(model: type[BaseModel], at: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Walk through a model and those below it, with their paths."""
    yield at, model
    for name, field in model.model_fields.items():
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from models(part, f"{at}{name}.")


def nullable(model: type[BaseModel], name: str) -> bool:
    """Tell whether a field may be null."""
    annotation = model.model_fields[name].annotation
    is_union = get_origin(annotation) in {Union, types.UnionType}
    return is_union and type(None) in get_args(annotation)


def sightings(parsed: BaseModel, at: str = "") -> Iterator[tuple[str, str]]:
    """Tell of every field, known or not, whether it was null, absent or had a value."""
    assert not parsed.model_extra, f"unknown below {at!r}: {sorted(parsed.model_extra)}"
    missing = always_there(type(parsed)) - parsed.model_fields_set
    assert not missing, f"missing below {at!r}: {sorted(missing)}"
    for name in type(parsed).model_fields:
        value = getattr(parsed, name)
        if name not in parsed.model_fields_set:
            yield f"{at}{name}", "absent"
        elif value is None:
            yield f"{at}{name}", "null"
        else:
            yield f"{at}{name}", "value"
        if isinstance(value, BaseModel):
            yield from sightings(value, f"{at}{name}.")


@each_client
@each_endpoint
def test_rows_are_those_of_the_official_models(
    simulator: Simulator, client: anthropic.Anthropic, endpoint: Endpoint, prefix: str
) -> None:
    """Every raw row validates strictly; nothing is missing, unknown or untrue."""
    path = f"{prefix}organization.analytics.{endpoint.path.replace('/', '.')}"
    resource = attrgetter(path)(client)
    seen: set[tuple[str, str]] = set()
    model: type[BaseModel] | None = None
    for question in questions(endpoint):
        rows = raw_rows(client, path, question)
        assert rows == truth(simulator, endpoint, question)
        for typed, raw in zip(resource.list(**question), rows, strict=True):
            model = type(typed)
            strict = TypeAdapter(model).validate_json(json.dumps(raw), strict=True)
            assert strict == typed
            seen.update(sightings(strict))
    assert model is not None
    _check_variety(endpoint, model, seen)


def _check_variety(
    endpoint: Endpoint, model: type[BaseModel], seen: set[tuple[str, str]]
) -> None:
    """Prove that everything that can be null or absent was, and was not."""
    for at, part in models(model):
        for name in part.model_fields.keys() - GROUPED:
            field = f"{at}{name}"
            ways = {way for path, way in seen if path == field}
            expected = set() if field in ALWAYS_NULL.get(endpoint.name, ()) else {"value"}
            if nullable(part, name) and field not in NEVER_NULL.get(endpoint.name, ()):
                expected |= {"null"}
            if name not in always_there(part):
                expected |= {"absent"}
            assert ways == expected, field


@each_endpoint
@pytest.mark.parametrize(
    ("plain", "chat"),
    [(ga_types, ga_chat_types), (beta_types, beta_chat_types)],
    ids=["ga", "beta"],
)
def test_every_parameter_of_the_package_is_known(
    endpoint: Endpoint, plain: types.ModuleType, chat: types.ModuleType
) -> None:
    """A parameter that a newer package brings is named here."""
    offered = getattr(chat if "/" in endpoint.path else plain, PARAMETERS[endpoint.name])
    on_the_wire = {
        f"{name}[]" if any(word in str(kind) for word in ("List[", "Sequence")) else name
        for name, kind in offered.__annotations__.items()
    }
    assert on_the_wire == endpoint.parameters


@each_endpoint
def test_every_grouping_of_the_package_is_known(endpoint: Endpoint) -> None:
    """The dimensions to group by are those of the package."""
    alias = GROUPINGS.get(endpoint.name)
    offered = set(get_args(getattr(shared_types, alias))) if alias else set()
    assert offered == endpoint.groups


def test_every_list_of_the_package_is_sent_as_such(
    simulator: Simulator, client: anthropic.Anthropic
) -> None:
    """The client writes lists with brackets, as the rules expect."""
    rows = client.organization.analytics.skills.list(
        date=DAYS[-1], filter=["share_status:private", "share_status:public"]
    )
    statuses = {row.share_status for row in rows}
    assert statuses == {"private", "public"}
    asked = simulator.requests[-1].params
    assert asked["filter[]"] == ["share_status:private", "share_status:public"]


def test_errors_are_those_of_the_client(
    simulator: Simulator, client: anthropic.Anthropic
) -> None:
    """A refusal becomes the client's own exception, with the id of its request."""
    with pytest.raises(anthropic.BadRequestError, match="latest available day") as caught:
        client.organization.analytics.users.list(date=simulator.today)
    assert caught.value.request_id
    wrong = client.with_options(api_key="sk-ant-api01-wrong")
    with pytest.raises(anthropic.NotFoundError):
        wrong.organization.analytics.users.list(date=FLOOR)
    admin = client.with_options(api_key="sk-ant-admin01-key")
    with pytest.raises(anthropic.PermissionDeniedError, match="read:analytics"):
        admin.organization.analytics.users.list(date=FLOOR)
