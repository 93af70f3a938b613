"""Processes: the command, Meltano, targets, PostgreSQL."""
