"""Tests with processes, databases and other programs."""
