"""For tests that ask the simulator themselves, past any proxy of the environment."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import anthropic
import pytest
import requests

from tests.simulator import BASE_PATH, BETA_HEADER, RESOURCES, Resource, Row, Simulator

Ask = Callable[..., requests.Response]
"""Asks a simulator as `send` does."""


def each_of(*resources: Resource) -> pytest.MarkDecorator:
    """Try all endpoints of people, teams and limits, or those that are given."""
    tried = resources or tuple(RESOURCES.values())
    return pytest.mark.parametrize("resource", tried, ids=[one.name for one in tried])


@contextlib.contextmanager
def kept_session() -> Iterator[requests.Session]:
    """Keep connections alive."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@contextlib.contextmanager
def official_client(simulator: Simulator) -> Iterator[anthropic.Anthropic]:
    """Point the official client at a simulator."""
    with anthropic.Anthropic(
        api_key=simulator.options.api_key,
        base_url=simulator.url,
        max_retries=0,
        http_client=anthropic.DefaultHttpxClient(trust_env=False),
    ) as client:
        yield client


def send(
    simulator: Simulator,
    session: requests.Session,
    path: str,
    headers: Mapping[str, str | None] | None = None,
    **params: Any,
) -> requests.Response:
    """Ask with the key of the simulator, unless other headers are given.

    A header that is None is not sent, and `x__` stands for the parameter `x[]`.
    """
    sent = {"x-api-key": simulator.options.api_key, "anthropic-beta": f"x, {BETA_HEADER}"}
    told = {name: value for name, value in {**sent, **(headers or {})}.items() if value}
    wire = {name.replace("__", "[]"): value for name, value in params.items()}
    url = simulator.url + (path if path.startswith("/") else BASE_PATH + path)
    return session.get(url, params=wire, headers=told, timeout=10)


def refusal(response: requests.Response, status: int = 400) -> str:
    """Check the shape of a refusal and give its sentence."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body.keys() == {"type", "error", "request_id"}
    assert body["type"] == "error"
    assert body["request_id"] == response.headers["request-id"]
    return str(body["error"]["message"])


def path_of(simulator: Simulator, resource: Resource) -> str:
    """Give the path, of a team with members where one has to be named."""
    team = simulator.truth("teams", simulator.today)[0]["id"]
    return resource.path.format(rbac_group_id=team)


def next_of(body: Row) -> Row:
    """Give the parameter that leads from a page to the next one, or none."""
    if not body.get("has_more", True):
        return {}
    if "last_id" in body:
        return {"after_id": body["last_id"]}
    return {"page": body["next_page"]} if body["next_page"] else {}
