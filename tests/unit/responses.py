"""Answers of the API made by hand, for tests that look at one alone."""

from __future__ import annotations

import json

from requests.structures import CaseInsensitiveDict

from tap_claude_analytics.api.answers import Answer

#: The request that the answers are about, in words.
ASKED = "GET /v1/organizations/analytics/skills?date=2026-01-05"


def answer(
    body: object,
    *,
    status: int = 200,
    reason: str = "",
    is_first_page: bool = True,
    **headers: str,
) -> Answer:
    """Make an answer; bytes are sent as they are, anything else as JSON."""
    return Answer(
        path="skills",
        asked=ASKED,
        is_first_page=is_first_page,
        status=status,
        reason=reason,
        headers=CaseInsensitiveDict(
            {name.replace("_", "-"): value for name, value in headers.items()}
        ),
        body=body if isinstance(body, bytes) else as_json(body),
    )


def as_json(body: object) -> bytes:
    """Encode a body."""
    return json.dumps(body, ensure_ascii=False).encode()
