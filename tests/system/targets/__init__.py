"""Singer targets that the tap is tried with, and what each makes of its records."""

from .table import TARGETS, Layout, Target, markdown

__all__ = ["TARGETS", "Layout", "Target", "markdown"]
