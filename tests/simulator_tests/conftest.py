"""What the tests of the simulator share: one that runs, and those who ask it.

A module says in `OPTIONS` which organisation it is about.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import anthropic
import pytest
import requests

from tests.simulator import BASE_PATH, BETA_HEADER, Simulator
from tests.simulator_tests.asking import Ask, kept_session


@pytest.fixture(scope="module")
def simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Run the organisation of the module."""
    with Simulator(request.module.OPTIONS) as running:
        yield running


@pytest.fixture
def ask(simulator: Simulator) -> Iterator[Ask]:
    """Ask it with its key; afterwards nothing goes wrong any more."""
    usual = {"x-api-key": simulator.options.api_key, "anthropic-beta": f"x, {BETA_HEADER}"}
    with kept_session() as session:

        def send(
            path: str, headers: Mapping[str, str] | None = None, **params: Any
        ) -> requests.Response:
            url = simulator.url + (path if path.startswith("/") else BASE_PATH + path)
            told = {**usual, **(headers or {})}
            return session.get(url, params=params, headers=told, timeout=10)

        yield send
    simulator.recover()


@pytest.fixture(scope="module")
def client(simulator: Simulator) -> Iterator[anthropic.Anthropic]:
    """Point the official client at it."""
    with anthropic.Anthropic(
        api_key=simulator.options.api_key,
        base_url=simulator.url,
        max_retries=0,
        http_client=anthropic.DefaultHttpxClient(trust_env=False),
    ) as official:
        yield official
