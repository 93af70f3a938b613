"""For tests that ask the simulator themselves, past any proxy of the environment."""

from __future__ import annotations

import contextlib
import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import anthropic
import requests

from tests.simulator import BASE_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.simulator import Simulator


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


def get(
    simulator: Simulator,
    session: requests.Session,
    path: str,
    headers: Mapping[str, str],
    params: Mapping[str, Any],
) -> requests.Response:
    """Ask an endpoint; ``x__`` among the parameters stands for ``x[]``."""
    wire = {name.replace("__", "[]"): value for name, value in params.items()}
    url = f"{simulator.url}{BASE_PATH}{path}"
    return session.get(url, params=wire, headers=headers, timeout=10)


def raw_rows(
    client: anthropic.Anthropic, path: str, question: dict[str, Any]
) -> list[dict[str, Any]]:
    """Collect the rows of all pages as the official client gets them over the wire."""
    resource = attrgetter(path)(client)
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = json.loads(resource.with_raw_response.list(**question, **cursor).read())
        of_reports = {"has_more", "data_refreshed_at"} if "has_more" in page else set()
        assert page.keys() == {"data", "next_page"} | of_reports
        rows += page["data"]
        if not page.get("has_more", page["next_page"] is not None):
            return rows
        cursor = {"page": page["next_page"]}
