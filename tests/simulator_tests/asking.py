"""For tests that ask the simulator themselves, past any proxy of the environment."""

import contextlib
from collections.abc import Callable, Iterator

import requests

from tests.simulator import Resource, Row, Simulator

Ask = Callable[..., requests.Response]
"""Asks for a path, with other headers than usual, if any, and with parameters."""


@contextlib.contextmanager
def kept_session() -> Iterator[requests.Session]:
    """Keep connections alive."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def refusal(response: requests.Response) -> str:
    """Check the shape of a refusal and give its sentence."""
    assert response.status_code == 400, response.text
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
