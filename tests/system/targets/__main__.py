"""Prints the README's table of targets: `python -m tests.system.targets`."""

import sys

from tests.system.targets import markdown

sys.stdout.write(markdown())
