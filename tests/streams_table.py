"""The README's tables of all streams and filters.

`python -m tests.streams_table --write` puts them there. They are made from the catalog and
from the specs of the streams.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tap_claude_analytics.config.filters import FILTERS
from tap_claude_analytics.sdk import SdkStream
from tap_claude_analytics.streams.day_stream import DayStream
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


#: The part of a key that makes a stream the answer to a question; the first one counts.
QUESTIONS = {
    "stream": "What has been read?",
    "row_key": "How much, at what cost?",
    "rbac_group_id": "Which team?",
    "user_id": "Who?",
    "product": "In which product?",
    "": "What?",
}
ORDER = ("What?", "Who?", "Which team?", "In which product?", "How much, at what cost?")
README = ROOT / "README.md"


def question(keys: Sequence[str]) -> str:
    """Return the question that a stream with this key answers."""
    return next(text for part, text in QUESTIONS.items() if part in (*keys, ""))


def row(stream: SdkStream, keys: Sequence[str]) -> tuple[str, ...]:
    """Return the cells of a stream."""
    return (
        question(keys),
        f"`{stream.name}`",
        f"`{stream.spec.path}`" if isinstance(stream, DayStream) else "none of its own",
        ", ".join(f"`{key}`" for key in keys),
        "yes" if stream.selected_by_default else "no",
        stream.record,
    )


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [header, ("---",) * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def streams() -> str:
    """Return the table of all streams, by the question that they answer."""
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    keys = {
        entry["stream"]: entry["key_properties"] for entry in tap.catalog_dict["streams"]
    }
    rows = [
        row(stream, keys[name])
        for name, stream in tap.streams.items()
        if isinstance(stream, SdkStream)
    ]
    order = [*ORDER, *QUESTIONS.values()]
    rows.sort(key=lambda cells: (order.index(cells[0]), cells[4] == "no"))
    return markdown(
        ("question", "stream", "endpoint", "key", "default", "a record is"), rows
    )


def filters() -> str:
    """Return the table of what each endpoint can be narrowed by."""
    rows = [
        (f"`{path}`", f"`{dimension}`", values.text)
        for path, taken in FILTERS.items()
        for dimension, values in taken.items()
    ]
    return markdown(("endpoint", "dimension", "a value is"), rows)


def with_tables(readme: str) -> str:
    """Return a README with the tables as they should be."""
    for mark, table in (("streams", streams()), ("filters", filters())):
        before, rest = readme.split(f"<!-- {mark} -->\n")
        _, after = rest.split(f"<!-- /{mark} -->")
        readme = f"{before}<!-- {mark} -->\n{table}<!-- /{mark} -->{after}"
    return readme


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        README.write_text(with_tables(README.read_text("utf-8")), "utf-8")
    else:
        sys.stdout.write(f"{streams()}\n{filters()}")
