"""The organisations below a parent one, and how a question names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulator.errors import bad_request
from tests.simulator.randomness import tagged_id

if TYPE_CHECKING:
    from collections.abc import Iterable

CHILDREN = (
    "7b0d3c52-9f3e-4a57-8a0e-2f1f6c1d0a01",
    "7b0d3c52-9f3e-4a57-8a0e-2f1f6c1d0a02",
)
HIPAA_READY = "7b0d3c52-9f3e-4a57-8a0e-2f1f6c1d0a03"
"""A child whose usage no report has."""


def org_id(uuid: str) -> str:
    """Give the other name of a child."""
    return tagged_id("org", uuid)


def named(ids: Iterable[str]) -> list[str]:
    """Give the UUIDs of children named by either id; unknown ids stay as they are.

    Raises:
        ApiError: A child with HIPAA readiness is named.
    """
    by_org_id = {org_id(uuid): uuid for uuid in (*CHILDREN, HIPAA_READY)}
    uuids = [by_org_id.get(one, one.lower()) for one in ids]
    if HIPAA_READY in uuids:
        message = "organization_ids[]: names an organization with HIPAA readiness"
        raise bad_request(message)
    return uuids
