"""The official package judges the simulator: its client lists it, its models check it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, get_args, get_type_hints

import anthropic
import pytest
from anthropic.types import organization as shared_types
from anthropic.types.beta.organization import analytics as beta_types
from anthropic.types.beta.organization.analytics.apps import chat as beta_chat_types
from anthropic.types.organization import analytics as ga_types
from anthropic.types.organization.analytics.apps import chat as ga_chat_types
from pydantic import BaseModel, TypeAdapter

from tests.simulator import ENDPOINTS, FLOOR, Endpoint, Options, Simulator
from tests.simulator_tests.oracle import checked, expected, judged_rows, on_the_wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulator_tests.asking import Row

DAYS = [FLOOR + timedelta(days=offset) for offset in range(0, 322, 7 * 2 - 1)]
TODAY = DAYS[-1] + timedelta(days=1)
OPTIONS = Options(today=TODAY, empty_page_every=2)

CUT_DAYS = ["2026-01-20", "2026-06-02", "2026-10-06"]
RANGE = {"starting_date": "2026-05-25", "ending_date": "2026-06-03"}

GROUPED = {"product", "rbac_group_id", "rbac_group_name", "user_id"}
"""Fields that only grouped answers have."""

# Rows for one user always say who it is, and only grouped rows say how many they are.
NEVER = {"users": {("user", "null"), ("distinct_user_count", "value")}}

NAMES = {
    "users": "User",
    "summaries": "Summary",
    "chat_projects": "Project",
    "skills": "Skill",
    "connectors": "Connector",
    "plugins": "Plugin",
    "artifacts": "Artifact",
}
"""What the package calls what the endpoints are about."""

pytestmark = pytest.mark.slow
each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)


def paths(endpoint: Endpoint) -> tuple[str, str]:
    """Name what lists an endpoint in the client, stable and in beta."""
    path = f"organization.analytics.{endpoint.path.replace('/', '.')}"
    return path, f"beta.{path}"


def model_of(client: anthropic.Anthropic, path: str) -> type[BaseModel]:
    """Find the model of the rows that are listed there."""
    page = get_type_hints(attrgetter(path)(client).list)["return"]
    (model,) = get_args(page.model_fields["data"].annotation)
    found: type[BaseModel] = model
    return found


def questions(endpoint: Endpoint) -> list[Row]:
    """Ask for each of the days, or for all that there are at once."""
    if "date" in endpoint.parameters:
        return [{"date": day.isoformat(), "limit": 9} for day in DAYS]
    return [{"starting_date": FLOOR.isoformat(), "ending_date": TODAY.isoformat()}]


def truth(simulator: Simulator, endpoint: Endpoint, question: Row) -> list[Row]:
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


def is_grouped(pair: tuple[str, str]) -> bool:
    """Tell whether a field is one that only grouped answers have."""
    return pair[0].rpartition(".")[2] in GROUPED


@each_endpoint
def test_rows_are_those_of_the_official_models(
    simulator: Simulator, client: anthropic.Anthropic, endpoint: Endpoint
) -> None:
    """Every raw row validates strictly; nothing is missing, unknown or untrue."""
    stable, beta = paths(endpoint)
    for path in (stable, beta):
        model = model_of(client, path)
        adapter = TypeAdapter(model)
        seen: set[tuple[str, str]] = set()
        for question in questions(endpoint):
            rows = truth(simulator, endpoint, question)
            strict = [adapter.validate_json(json.dumps(row), strict=True) for row in rows]
            seen.update(checked(strict, always=always_there))
            if path == stable:
                judged = list(judged_rows(client, stable, **question))
                assert judged == list(zip(strict, rows, strict=True))
        ways = set(expected(model, always=always_there)) - NEVER.get(endpoint.name, set())
        assert {pair for pair in seen if not is_grouped(pair)} == {
            pair for pair in ways if not is_grouped(pair)
        }
    listed = attrgetter(beta)(client).list(**questions(endpoint)[-1]).data
    assert {type(row) for row in listed} == {model_of(client, beta)}


def cut_questions(simulator: Simulator, endpoint: Endpoint) -> Iterator[Row]:
    """Group by each dimension and by all, filter by each, and roll up all of that."""
    spans: list[Row] = [{"date": day} for day in CUT_DAYS]
    if "date" not in endpoint.parameters:
        spans = [RANGE]
    elif "starting_date" in endpoint.parameters:
        spans.append(RANGE)
        yield RANGE
    values = {
        "product": "cowork",
        "rbac_group_id": simulator.teams[0].uuid,
        "user_id": simulator.truth("users", date(2026, 10, 6))[0]["user"]["id"],
    }
    groups = sorted(endpoint.groups)
    for span in spans:
        for group in groups:
            yield {**span, "group_by": [group]}
        if len(groups) > 1:
            yield {**span, "group_by": groups}
        for name in sorted(endpoint.filters.keys() & values.keys()):
            yield {**span, "filter": [f"{name}:{values[name]}"]}
    if endpoint.name == "users":
        project = simulator.truth("chat_projects", date.fromisoformat(CUT_DAYS[-1]))[0]
        entry = f"project_id:{project['project_id']}"
        yield {"date": CUT_DAYS[-1], "filter": [entry]}
        yield {**RANGE, "filter": [entry]}


@each_endpoint
def test_cut_rows_are_those_of_the_official_models(
    simulator: Simulator, client: anthropic.Anthropic, endpoint: Endpoint
) -> None:
    """Every row validates strictly, and has the dimensions asked for and no others."""
    stable, beta = paths(endpoint)
    adapter = TypeAdapter(model_of(client, beta))
    unknown: set[str] = set()
    answered = 0
    for question in cut_questions(simulator, endpoint):
        limit = {} if endpoint.name == "summaries" else {"limit": 60}
        rows = list(judged_rows(client, stable, **question, **limit))
        answered += bool(rows)
        groups = set(question.get("group_by", ()))
        named = {"rbac_group_name"} if "rbac_group_id" in groups else set()
        for typed, raw in rows:
            assert raw.keys() & GROUPED == groups | named
            for row in (typed, adapter.validate_json(json.dumps(raw), strict=True)):
                seen = dict(checked(row, always=always_there))
                unknown |= {name for name in groups if seen[name] == "null"}
    assert answered > 1 or endpoint.name == "summaries"
    assert unknown == endpoint.groups


@each_endpoint
def test_every_parameter_and_grouping_of_the_package_is_known(endpoint: Endpoint) -> None:
    """What a newer package brings is named here."""
    name = NAMES[endpoint.name]
    modules = (ga_types, beta_types)
    for module in (ga_chat_types, beta_chat_types) if "/" in endpoint.path else modules:
        wire = on_the_wire(getattr(module, f"{name}ListParams"))
        assert wire.keys() == endpoint.parameters
    grouping = getattr(shared_types, f"Analytics{name}GroupBy", None)
    assert set(get_args(grouping)) == endpoint.groups


def test_every_list_of_the_package_is_sent_as_such(
    simulator: Simulator, client: anthropic.Anthropic
) -> None:
    """The client writes lists with brackets, as the rules expect."""
    sent = ["share_status:private", "share_status:public"]
    rows = client.organization.analytics.skills.list(date=DAYS[-1], filter=sent)
    assert {row.share_status for row in rows} == {"private", "public"}
    assert simulator.requests[-1].params["filter[]"] == sent


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
