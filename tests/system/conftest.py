"""Fixtures of the tests that start processes."""

from tests.system.meltano_fixture import meltano_project

__all__ = ["meltano_project"]
