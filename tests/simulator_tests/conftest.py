"""What the tests of the simulator share: one that runs, and those who ask it.

A module says in `OPTIONS` which organisation it is about.
"""

from collections.abc import Iterator
from functools import partial

import anthropic
import pytest
import requests

from tests.simulator import Simulator
from tests.simulator_tests.asking import Ask, kept_session, official_client, send


@pytest.fixture(scope="module")
def simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Run the organisation of the module, only to be asked."""
    with Simulator(request.module.OPTIONS) as running:
        yield running


@pytest.fixture
def fresh(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Run one to be edited, moved and scripted."""
    with Simulator(request.module.OPTIONS) as running:
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Keep connections alive."""
    with kept_session() as kept:
        yield kept


@pytest.fixture
def ask(simulator: Simulator, session: requests.Session) -> Ask:
    """Ask the organisation of the module."""
    return partial(send, simulator, session)


@pytest.fixture
def ask_fresh(fresh: Simulator, session: requests.Session) -> Ask:
    """Ask the one that may be edited."""
    return partial(send, fresh, session)


@pytest.fixture(scope="module")
def client(simulator: Simulator) -> Iterator[anthropic.Anthropic]:
    """Point the official client at the organisation of the module."""
    with official_client(simulator) as official:
        yield official
