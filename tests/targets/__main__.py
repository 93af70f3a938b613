"""Prints the README's table of targets: `python -m tests.targets`."""

import sys

from tests.targets import markdown

sys.stdout.write(markdown())
