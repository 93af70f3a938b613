"""For tests that ask the endpoints of people, teams and limits themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.simulator import BASE_PATH, BETA_HEADER, RESOURCES, Resource

if TYPE_CHECKING:
    import requests

    from tests.simulator import Simulator

Row = dict[str, Any]


def each_of(*resources: Resource) -> pytest.MarkDecorator:
    """Try all of the endpoints, or those that are given."""
    tried = resources or tuple(RESOURCES.values())
    return pytest.mark.parametrize("resource", tried, ids=[one.name for one in tried])


class Ask(Protocol):
    """Asks a simulator."""

    def __call__(
        self, path: str, headers: dict[str, str] | None = None, **params: object
    ) -> requests.Response:
        """Ask a path; `x__` stands for `x[]`, and headers are added."""


def send(
    simulator: Simulator,
    session: requests.Session,
    path: str,
    headers: dict[str, str] | None = None,
    **params: Any,
) -> requests.Response:
    """Ask with the key of the simulator, unless another one is given."""
    sent = {"x-api-key": simulator.options.api_key, "anthropic-beta": BETA_HEADER}
    wire = {name.replace("__", "[]"): value for name, value in params.items()}
    url = simulator.url + (path if path.startswith("/") else BASE_PATH + path)
    return session.get(url, params=wire, headers=sent | (headers or {}), timeout=10)


def refusal(response: requests.Response, status: int = 400) -> str:
    """Check that a request was refused and give the sentence."""
    assert response.status_code == status, response.text
    return str(response.json()["error"]["message"])


def path_of(simulator: Simulator, resource: Resource) -> str:
    """Give the path, of a team with members where one has to be named."""
    team = simulator.truth("teams", simulator.today)[0]["id"]
    return resource.path.format(rbac_group_id=team)
