"""The official package judges answers that are grouped, filtered and rolled up."""

from __future__ import annotations

import json
from datetime import date
from operator import attrgetter
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from tests.simulator import ENDPOINTS, Endpoint, Options, Simulator
from tests.simulator_tests.asking import official_client, raw_rows
from tests.simulator_tests.test_oracle import GROUPED, JsonObject, sightings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import anthropic

TODAY = date(2026, 10, 8)
DAYS = ["2026-01-20", "2026-03-18", "2026-06-02", "2026-10-06"]
RANGE = {"starting_date": "2026-05-25", "ending_date": "2026-06-03"}

pytestmark = pytest.mark.slow
each_client = pytest.mark.parametrize("prefix", ["", "beta."], ids=["ga", "beta"])
each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)


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


def filters(simulator: Simulator, endpoint: Endpoint) -> list[str]:
    """Find a value for every dimension, one that has rows at times."""
    first = {
        "product": "cowork",
        "rbac_group_id": simulator.teams[0].uuid,
        "user_id": simulator.truth("users", date(2026, 10, 6))[0]["user"]["id"],
    }
    return [
        f"{name}:{first[name]}" for name in sorted(endpoint.filters.keys() & first.keys())
    ]


def questions(simulator: Simulator, endpoint: Endpoint) -> Iterator[JsonObject]:
    """Group by each dimension and by all, filter by each, and roll up all of that."""
    spans: list[JsonObject] = [{"date": day} for day in DAYS]
    if "date" not in endpoint.parameters:
        spans = [RANGE]
    elif "starting_date" in endpoint.parameters:
        spans.append(RANGE)
        yield RANGE
    groups = sorted(endpoint.groups)
    for span in spans:
        for group_by in ([group] for group in groups):
            yield {**span, "group_by": group_by}
        if len(groups) > 1:
            yield {**span, "group_by": groups}
        for entry in filters(simulator, endpoint):
            yield {**span, "filter": [entry]}
    if endpoint.name == "users":
        project = simulator.truth("chat_projects", date.fromisoformat(DAYS[-1]))[0]
        entry = f"project_id:{project['project_id']}"
        yield {"date": DAYS[-1], "filter": [entry]}
        yield {**RANGE, "filter": [entry]}


@each_client
@each_endpoint
def test_cut_rows_are_those_of_the_official_models(
    simulator: Simulator, client: anthropic.Anthropic, endpoint: Endpoint, prefix: str
) -> None:
    """Every row validates strictly, and has the dimensions asked for and no others."""
    path = f"{prefix}organization.analytics.{endpoint.path.replace('/', '.')}"
    resource = attrgetter(path)(client)
    unknown: set[str] = set()
    answered = 0
    for question in questions(simulator, endpoint):
        limited = question if endpoint.name == "summaries" else {**question, "limit": 60}
        rows = raw_rows(client, path, limited)
        answered += bool(rows)
        groups = set(question.get("group_by", ()))
        named = {"rbac_group_name"} if "rbac_group_id" in groups else set()
        for typed, raw in zip(resource.list(**limited), rows, strict=True):
            model = TypeAdapter(type(typed))
            strict = model.validate_json(json.dumps(raw), strict=True)
            assert strict == typed
            assert raw.keys() & GROUPED == groups | named
            seen = dict(sightings(strict))
            unknown |= {name for name in groups if seen[name] == "null"}
    assert answered > 1 or endpoint.name == "summaries"
    assert unknown == endpoint.groups
