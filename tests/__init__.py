"""Tests, and the simulator and sandbox they run against."""

from pathlib import Path

#: The repository.
ROOT = Path(__file__).parents[1]
