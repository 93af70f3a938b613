"""Tests, and the simulator and sandbox they run against."""
