"""The official package judges the simulator: its client lists it, its models check it."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from operator import attrgetter

import anthropic
import pytest
from pydantic import BaseModel, TypeAdapter

from tests.simulator import ENDPOINTS, FLOOR, Endpoint, Options, Row, Simulator
from tests.simulator_tests import oracle

DAYS = [FLOOR + timedelta(days=offset) for offset in range(0, 322, 7 * 2 - 1)]
TODAY = DAYS[-1] + timedelta(days=1)
OPTIONS = Options(today=TODAY, empty_page_every=2)

CUT_DAYS = ["2026-01-20", "2026-06-02", "2026-10-06"]
RANGE = {"starting_date": "2026-05-25", "ending_date": "2026-06-03"}

# Fields that only grouped answers have.
GROUPED = {"product", "rbac_group_id", "rbac_group_name", "user_id"}

# Rows for one user always say who it is, and only grouped rows say how many they are.
NEVER = {"users": {("user", "null"), ("distinct_user_count", "value")}}

pytestmark = pytest.mark.slow
each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)


def paths(endpoint: Endpoint) -> tuple[str, str]:
    """Name what lists an endpoint in the client, stable and in beta."""
    path = f"organization.analytics.{endpoint.path.replace('/', '.')}"
    return path, f"beta.{path}"


def always_there(model: type[BaseModel]) -> set[str]:
    """List the fields of the first alphabetical run: there, if only with null."""
    names = [name for name in model.model_fields if name not in GROUPED]
    run = [
        name
        for place, name in enumerate(names)
        if names[: place + 1] == sorted(names[: place + 1])
    ]
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    return {*run, *required}


@each_endpoint
def test_rows_are_those_of_the_official_models(
    simulator: Simulator, client: anthropic.Anthropic, endpoint: Endpoint
) -> None:
    """Every raw row validates strictly; nothing is missing, unknown or untrue."""
    days, questions = DAYS, [{"date": str(day), "limit": 9} for day in DAYS]
    if "date" not in endpoint.parameters:
        days = [FLOOR + timedelta(days=n) for n in range((TODAY - FLOOR).days)]
        questions = [{"starting_date": str(FLOOR), "ending_date": str(TODAY)}]
    stable, beta = paths(endpoint)
    judged = [
        pair for asked in questions for pair in oracle.judged_rows(client, stable, **asked)
    ]
    rows = [raw for _, raw in judged]
    assert rows == [row for day in days for row in simulator.truth(endpoint.name, day)]
    for path in (stable, beta):
        model = oracle.model_of(client, path)
        adapter = TypeAdapter(model)
        strict = [adapter.validate_json(json.dumps(row), strict=True) for row in rows]
        seen = set(oracle.checked(strict, always=always_there))
        ways = set(oracle.expected(model, always=always_there)) - NEVER.get(
            endpoint.name, set()
        )
        assert {name.rpartition(".")[2] for name, _ in seen ^ ways} <= GROUPED
    listed = attrgetter(beta)(client).list(**questions[-1]).data
    assert {type(row) for row in listed} == {model}


def cut_questions(simulator: Simulator, endpoint: Endpoint) -> Iterator[Row]:
    """Group by each dimension and by all, filter by each, and roll users up by team."""
    (user, *_) = simulator.truth("users", date.fromisoformat(CUT_DAYS[-1]))
    values = {
        "product": "cowork",
        "rbac_group_id": simulator.teams[0].id,
        "user_id": user["user"]["id"],
    }
    groups = sorted(endpoint.groups)
    named = [[group] for group in groups] + [groups] * (len(groups) > 1)
    cuts: list[Row] = [{"group_by": names} for names in named]
    filters = sorted(endpoint.filters.keys() & values.keys())
    cuts += [{"filter": [f"{name}:{values[name]}"]} for name in filters]
    is_series = "date" not in endpoint.parameters
    for span in [RANGE] if is_series else [{"date": day} for day in CUT_DAYS]:
        yield from ({**span, **cut} for cut in cuts)
    if endpoint.name == "users":
        yield {**RANGE, "group_by": groups}


@each_endpoint
def test_cut_rows_are_those_of_the_official_models(
    simulator: Simulator, client: anthropic.Anthropic, endpoint: Endpoint
) -> None:
    """Every row validates strictly, and has the dimensions asked for and no others."""
    stable, beta = paths(endpoint)
    adapter = TypeAdapter(oracle.model_of(client, beta))
    unknown: set[str] = set()
    answered = 0
    for question in cut_questions(simulator, endpoint):
        limit = {} if endpoint.name == "summaries" else {"limit": 60}
        rows = list(oracle.judged_rows(client, stable, **question, **limit))
        answered += bool(rows)
        groups = set(question.get("group_by", ()))
        named = {"rbac_group_name"} if "rbac_group_id" in groups else set()
        for typed, raw in rows:
            assert raw.keys() & GROUPED == groups | named
            for row in (typed, adapter.validate_json(json.dumps(raw), strict=True)):
                seen = dict(oracle.checked(row, always=always_there))
                unknown |= {name for name in groups if seen[name] == "null"}
    assert answered > 1 or endpoint.name == "summaries"
    assert unknown == endpoint.groups


@each_endpoint
def test_every_parameter_and_grouping_of_the_package_is_known(
    client: anthropic.Anthropic, endpoint: Endpoint
) -> None:
    """What a newer package brings is named here."""
    for path in paths(endpoint):
        wire = oracle.on_the_wire(client, path)
        assert wire.keys() == endpoint.parameters
        assert oracle.literals(wire.get("group_by[]")) == endpoint.groups
