"""The table of targets in `targets.yml`, for the tests and for the documents."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

#: How the tap writes objects.
NESTED, FLATTENED = "nested", "flattened"


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """A target, and what it makes of records."""

    destination: str
    requirements: Sequence[str]  # what a user installs: the target, and what goes with it
    tested: str  # the version that the tests install
    python_before: Sequence[int] | None = None  # the first Python that it does not know
    settings: Mapping[str, str] = field(default_factory=dict)  # besides where to write
    layouts: Sequence[str] = (NESTED, FLATTENED)
    types: Mapping[str, str]  # what each kind of column becomes
    is_exact: bool  # whether a number with a fraction keeps every digit
    has_whole_seconds: bool = False  # whether a timestamp loses its fraction of a second
    replaces: bool  # whether a row whose day is read again takes the place of the older one

    @property
    def package(self) -> str:
        """The name of its package."""
        return re.split("[<>=]", self.requirements[0])[0]

    @property
    def program(self) -> str:
        """The command that it installs."""
        return self.package[self.package.index("target-") :]

    @property
    def knows_python(self) -> bool:
        """Whether it installs here."""
        return not self.python_before or sys.version_info < (*self.python_before,)

    def __str__(self) -> str:
        """Names it in the tests."""
        return self.destination.replace(" ", "-")


TABLE = Path(__file__).with_name("targets.yml")
TARGETS = [Target(**entry) for entry in yaml.safe_load(TABLE.read_text(encoding="utf-8"))]

HEADER = """\
| target | package; version tested | settings | money | objects that are not flattened \
| dates, timestamps, booleans | a row read again is |
| --- | --- | --- | --- | --- | --- | --- |
"""


def markdown() -> str:
    """Write the table for the documents."""
    return HEADER + "".join(f"| {' | '.join(_cells(target))} |\n" for target in TARGETS)


def _cells(target: Target) -> tuple[str, ...]:
    types = {kind: f"`{name}`" for kind, name in target.types.items()}
    requirements = " with ".join(f"`{name}`" for name in target.requirements)
    before = target.python_before
    python = "; Python before {}.{}".format(*before) if before else ""
    digits = "exact" if target.is_exact else "rounded to 15 to 17 digits"
    seconds = " of whole seconds" if target.has_whole_seconds else ""
    return (
        target.destination,
        f"{requirements}; {target.tested}{python}",
        ", ".join(f"`{name}: {value}`" for name, value in target.settings.items()),
        f"{types['money']}, {digits}",
        types.get("nested", "flattened only"),
        f"{types['day']}, {types['instant']}{seconds}, {types['flag']}",
        "replaced, by primary key" if target.replaces else "added beside the older one",
    )
