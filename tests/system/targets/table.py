"""The one table of targets: it drives the tests, and the README shows it."""

from dataclasses import dataclass
from enum import Enum


class Layout(str, Enum):
    """How the tap writes objects."""

    NESTED = "nested"
    FLATTENED = "flattened"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target, and what it makes of records, in its own words."""

    destination: str
    package: str
    accepted: str  # versions that are worth trying
    tested: str  # the version that the tests install
    beside: str | None = None  # what has to be installed with it
    python_before: tuple[int, int] | None = None  # the first Python that it does not know
    settings: tuple[tuple[str, str], ...] = ()  # besides where to write
    layouts: tuple[Layout, ...] = (Layout.NESTED, Layout.FLATTENED)
    money: str  # the type of a number with a fraction
    exact: bool  # whether such a number keeps every digit
    nested: str | None  # the type of an object that is not flattened
    count: str
    day: str
    instant: str
    whole_seconds: bool = False  # whether a timestamp loses its fraction of a second
    flag: str
    replaces: bool  # whether a row whose day is read again takes the place of the older one

    @property
    def program(self) -> str:
        """The command that it installs."""
        return self.package[self.package.index("target-") :]

    @property
    def requirements(self) -> tuple[str, ...]:
        """What a user installs."""
        own = f"{self.package}{self.accepted}"
        return (own, self.beside) if self.beside else (own,)

    def __str__(self) -> str:
        """Names it in the tests."""
        return self.destination.replace(" ", "-")


TARGETS = (
    Target(
        destination="PostgreSQL",
        package="meltanolabs-target-postgres",
        accepted=">=0.8.1,<0.9",
        tested="0.8.1",
        settings=(("load_method", "upsert"),),
        # The tests with Meltano flatten.
        layouts=(Layout.NESTED,),
        money="numeric",
        exact=True,
        nested="jsonb",
        count="bigint",
        day="date",
        instant="timestamp without time zone",
        flag="boolean",
        replaces=True,
    ),
    Target(
        destination="DuckDB",
        package="target-duckdb",
        accepted=">=0.8,<0.9",
        tested="0.8.0",
        # From 1.3 on, DuckDB takes the first row of many a batch for headings and loses it.
        beside="duckdb>=1,<1.3",
        python_before=(3, 14),
        money="DOUBLE",
        exact=False,
        nested="JSON",
        count="HUGEINT",
        day="VARCHAR",
        instant="TIMESTAMP",
        flag="BOOLEAN",
        replaces=True,
    ),
    Target(
        destination="Parquet on S3",
        package="plinxore-target-s3",
        accepted=">=0.1.7,<0.2",
        tested="0.1.7",
        python_before=(3, 13),
        layouts=(Layout.FLATTENED,),
        money="double",
        exact=False,
        nested=None,
        count="int64",
        day="date32[day]",
        instant="timestamp[ms, tz=utc]",
        whole_seconds=True,
        flag="bool",
        replaces=False,
    ),
    Target(
        destination="CSV",
        package="meltanolabs-target-csv",
        accepted=">=0.5,<0.6",
        tested="0.5.0",
        # Otherwise a run overwrites what the one before has written.
        settings=(("file_naming_scheme", "{stream_name}-{timestamp}.csv"),),
        # Flattened or not, it writes what it gets; so does the next one.
        layouts=(Layout.NESTED,),
        money="text",
        exact=True,
        nested="Python text",
        count="text",
        day="text",
        instant="text",
        flag="True or False",
        replaces=False,
    ),
    Target(
        destination="JSON Lines",
        package="target-jsonl",
        accepted=">=0.1.4,<0.2",
        tested="0.1.4",
        layouts=(Layout.NESTED,),
        money="number",
        exact=True,
        nested="object",
        count="number",
        day="string",
        instant="string",
        flag="boolean",
        replaces=False,
    ),
)

HEADER = """\
| target | package; version tested | settings | money | objects that are not flattened \
| dates, timestamps, booleans | a row read again is |
| --- | --- | --- | --- | --- | --- | --- |
"""


def markdown() -> str:
    """Write the table for the README."""
    return HEADER + "".join(f"| {' | '.join(_cells(target))} |\n" for target in TARGETS)


def _cells(target: Target) -> tuple[str, ...]:
    requirements = " with ".join(f"`{name}`" for name in target.requirements)
    before = target.python_before
    python = "; Python before {}.{}".format(*before) if before else ""
    seconds = " of whole seconds" if target.whole_seconds else ""
    digits = "exact" if target.exact else "rounded to 15 to 17 digits"
    return (
        target.destination,
        f"{requirements}; {target.tested}{python}",
        ", ".join(f"`{name}: {value}`" for name, value in target.settings),
        f"`{target.money}`, {digits}",
        f"`{target.nested}`" if target.nested else "flattened only",
        f"`{target.day}`, `{target.instant}`{seconds}, `{target.flag}`",
        "replaced, by primary key" if target.replaces else "added beside the older one",
    )
