"""Fixtures of the tests that start processes, and the marker of these."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.system.meltano_fixture import meltano_project

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["meltano_project"]


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Mark the tests of this folder; it is asked about those of all folders."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.system)
