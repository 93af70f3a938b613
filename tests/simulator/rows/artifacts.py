"""Rows of `artifacts`: one kind of artifact, shared or not, on one day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .usage import use

if TYPE_CHECKING:
    from datetime import date

    from tests.simulator.company import Company

TYPES = (
    "application/vnd.ant.code",
    "application/vnd.ant.mermaid",
    "application/vnd.ant.react",
    "image/svg+xml",
    "other",
    "text/html",
    "text/markdown",
    "text/plain",
)


def artifacts(company: Company, day: date) -> list[dict[str, Any]]:
    """Build the kinds that somebody made on a day."""
    rows = []
    for kind, artifact_type in enumerate(TYPES):
        for is_shared in (False, True):
            people, draw = use(
                company, day, f"artifacts/{is_shared}", (kind * 5) % len(TYPES)
            )
            if people:
                created = people + draw.upto(3 * people)
                rows.append(
                    {
                        "artifact_type": artifact_type,
                        "artifacts_created_count": created,
                        "distinct_user_count": people,
                        "is_shared": is_shared,
                        "published_artifacts_created_count": draw.upto(created)
                        if is_shared
                        else 0,
                    }
                )
    return rows
