"""Singer targets that the tap is tried with, and what each makes of its records."""

from .table import TARGETS, Layout, Reread, Target, markdown

__all__ = ["TARGETS", "Layout", "Reread", "Target", "markdown"]
