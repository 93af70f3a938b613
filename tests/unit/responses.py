"""Responses of the API made by hand, for tests that look at one alone."""

from __future__ import annotations

import io
import json

import requests

URL = "https://api.anthropic.com/v1/organizations/analytics/"
SKILLS = f"{URL}skills?date=2026-01-05&limit=1000"


def answer(
    body: object, *, status: int = 200, url: str = SKILLS, **headers: str
) -> requests.Response:
    """Make a response; bytes are sent as they are, anything else as JSON."""
    response = requests.Response()
    response.status_code = status
    response.request = requests.Request("GET", url).prepare()
    response.raw = io.BytesIO(body if isinstance(body, bytes) else as_json(body))
    response.headers.update(
        {name.replace("_", "-"): value for name, value in headers.items()}
    )
    return response


def as_json(body: object) -> bytes:
    """Encode a body."""
    return json.dumps(body, ensure_ascii=False).encode()
