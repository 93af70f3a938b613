"""The rows of a page: the typed check and the untyped way give the same, whatever comes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.records.shapes import (
    AMOUNT,
    RowDecoder,
    row_type,
    take_misfits,
)
from tap_claude_analytics.records.storable import make_storable
from tap_claude_analytics.streams.assembly import row_decoder, row_shape
from tap_claude_analytics.streams.specs import SPECS
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import truth

if TYPE_CHECKING:
    from tap_claude_analytics.records.day import Row
    from tap_claude_analytics.records.shapes import Shape
    from tap_claude_analytics.streams.specs import StreamSpec

_TAP = TapClaudeAnalytics(config={"api_key": "sk-ant-api01-test"}, setup_mapper=False)
#: Of the streams that are made from one table, one.
UNTRIED = truth.BREAKDOWNS.keys() - {"team_summaries", "skills_by_team"}
TRIED = [spec for spec in SPECS if spec.name not in UNTRIED]
SHAPES = {spec.name: row_shape(spec, spec.schema.load(), _TAP.run) for spec in TRIED}
each_spec = pytest.mark.parametrize("spec", TRIED, ids=lambda spec: spec.name)

# Rows as JSON text, since much of what is odd about them would not survive an encoder.
_TEXTS = st.text(max_size=4).map(json.dumps) | st.sampled_from(
    ['"Zo\u00eb \U0001f680"', '"\\ud83d\\ude80"', '"2026-01-05"', '"\\u00e9"']
)
_INTEGERS = st.integers(-(2**63), 2**63 - 1).map(str) | st.sampled_from(["0", "-0"])
_FRACTIONS = st.sampled_from(["0.1000000000000000055", "-0.0", "1E5", "1e-400", "99.5"])
_INSTANTS = ["2026-01-05T00:00:00Z", "2026-01-05T01:30:00.123456+01:00"]
_EXAMPLES = (*map(json.dumps, _INSTANTS), '"2026-01-05"', '"-12.5"', "1E5", "-0.0")
PLAIN: dict[str, st.SearchStrategy[str]] = {
    "integer": _INTEGERS,
    "number": _FRACTIONS | _INTEGERS,
    AMOUNT: st.sampled_from(['"0"', '"-12.5"', '"123456789012345678901234.567890"']),
    "string": _TEXTS,
    "date": st.dates().map(lambda day: f'"{day}"'),
    "date-time": st.sampled_from(_INSTANTS).map(json.dumps),
    "boolean": st.sampled_from(["true", "false"]),
}
#: Each is odd somewhere, or everywhere.
ODD_VALUES = (
    '"\\u0000"',
    '"\\ud800"',
    '"\\ude80\\ud83d"',
    '"2026-02-30"',
    '"2026-1-5"',
    '"2026-01-05 00:00:00Z"',
    '"2026-01-05T00:00:00"',
    '"2026-01-05T00:00:00+0100"',
    '"0001-01-01T00:00:00+01:00"',
    '"12"',
    "12",
    "1.0",
    "1e3",
    "0.5",
    str(2**63),
    str(-(2**63) - 1),
    "1" + "0" * 30,
    "1e400",
    "true",
    "[]",
    "[1]",
    "{}",
    '{"a": "\\u0000", "b": 1.50}',
    '{"\\u0000": 1}',
)
ODD = st.sampled_from(ODD_VALUES)
ODD_NAMES = st.sampled_from(
    ['"news"', '"date"', '"user_id"', '"\\u0000"', '"\\ud800"', '"Zo\u00eb"', '"results"']
)


def _joined(fields: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in fields) + "}"


@st.composite
def objects(draw: st.DrawFn, shape: Shape, *, oddities: int) -> str:
    """Draw an object of a shape: some of its fields, and some that are odd."""
    names = draw(st.lists(st.sampled_from(sorted(shape)), unique=True, max_size=6))
    fields: list[tuple[str, str]] = []
    for name in names:
        kind = shape[name]
        if draw(st.integers(0, 9)) == 0:
            value = "null"
        elif draw(st.integers(1, 12)) <= oddities:
            value = draw(ODD)
        elif isinstance(kind, dict):
            value = draw(objects(kind, oddities=oddities))
        else:
            value = draw(PLAIN[kind])
        fields.append((json.dumps(name), value))
    if draw(st.integers(1, 12)) <= oddities:
        fields.append((draw(ODD_NAMES), draw(ODD | _TEXTS)))
    return _joined(fields)


def has_buckets(spec: StreamSpec) -> bool:
    """Return whether rows of the API are buckets."""
    return spec.report is not None and spec.report.has_buckets


@st.composite
def rows_of(draw: st.DrawFn, spec: StreamSpec, oddities: int) -> str:
    """Draw a row as the endpoint of a stream sends it: a bucket, or one of its shape."""
    row = objects(SHAPES[spec.name], oddities=oddities)
    if not has_buckets(spec):
        return draw(row)
    instants = PLAIN["date-time"] if oddities == 0 else PLAIN["date-time"] | ODD
    fields = [('"starting_at"', draw(instants)), ('"ending_at"', draw(instants))]
    fields.append(('"results"', f"[{', '.join(draw(st.lists(row, max_size=2)))}]"))
    return _joined(fields)


def known(spec: StreamSpec, row: Row) -> list[Row]:
    """Return what the stream makes records of: the results of a bucket, or the row."""
    if has_buckets(spec):
        results = row.pop("results")
        return [{**row, **result} for result in results]
    empty = {name for name in spec.null_fields & row.keys() if row[name] is None}
    return [{name: row[name] for name in row.keys() - empty}]


def refuse(path: str) -> None:
    """Nothing should have been replaced."""
    pytest.fail(f"something was replaced in {path}")


def assert_same_as_untyped(decoder: RowDecoder, body: bytes) -> list[Row] | None:
    """Check what a decoder says of a page; return its rows if all conform.

    Values that are equal but written otherwise, such as 1 and 1.0, are told apart.
    """
    rows, conforms, is_suspect = decoder.decode(body, "data")
    untyped = json.loads(body, parse_float=Decimal)["data"]
    assert repr(rows) == repr(untyped)
    if not is_suspect:
        for row in rows:
            make_storable(row, (), refuse)
        assert repr(rows) == repr(untyped)
    return rows if conforms else None


@each_spec
@given(data=st.data())
def test_both_ways_give_the_same_rows(spec: StreamSpec, data: st.DataObject) -> None:
    """And nothing is to be moved out of rows that conform."""
    oddities = data.draw(st.sampled_from([0, 0, 1, 3]))
    rows = data.draw(st.lists(rows_of(spec, oddities), max_size=3))
    shape = SHAPES[spec.name]
    body = f'{{"data": [{", ".join(rows)}], "next_page": null}}'.encode()
    conforming = assert_same_as_untyped(row_decoder(spec, shape), body)
    # Or all the speed would be gone without a word.
    assert oddities or conforming is not None
    for row in conforming or []:
        for each in known(spec, row):
            assert take_misfits(each, shape) is None


@pytest.mark.parametrize("value", [*ODD_VALUES, "null", '"x"', "5", *_EXAMPLES])
@pytest.mark.parametrize("kind", PLAIN)
def test_one_value_of_each_kind(kind: str, value: str) -> None:
    """Every odd value, where each kind is expected."""
    shape: Shape = {"field": kind}
    body = b'{"data": [{"field": %b}]}' % value.encode()
    conforming = assert_same_as_untyped(RowDecoder(row_type(shape)), body)
    for row in conforming or []:
        assert take_misfits(row, shape) is None


def test_fractions_keep_their_digits() -> None:
    """They never become floats, in either way."""
    body = b'{"data": [{"rate": 0.1000000000000000055}, {"rate": 1E-7}, {"rate": 5}]}'
    for shape in ({"rate": "number"}, {"rate": "string"}):
        rows, conforms, _ = RowDecoder(row_type(shape)).decode(body, "data")
        assert conforms is (shape["rate"] == "number")
        rates = [row["rate"] for row in rows]
        assert rates == [Decimal("0.1000000000000000055"), Decimal("1E-7"), 5]
        assert [type(rate) for rate in rates] == [Decimal, Decimal, int]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ("[1]", "a row that is not an object"),
        ("[{}, null]", "a row that is not an object"),
        ('[{"a": 1e9999999999999999999}]', "out of range"),
        (f'[{{"a": 1{"0" * 5000}}}]', "out of range"),
        (f'[{{"a": {"[" * 100_000}{"]" * 100_000}}}]', "nested too deeply"),
    ],
    ids=lambda text: text[:20],
)
def test_rows_that_cannot_be_read(rows: str, text: str) -> None:
    """A sentence says why, whatever Python says."""
    decoder = RowDecoder(row_type({"a": "integer"}))
    with pytest.raises(RowError, match=text):
        decoder.decode(f'{{"data": {rows}}}'.encode(), "data")


def test_the_older_generation() -> None:
    """Its rows are found, though not by the typed check."""
    decoder = RowDecoder(row_type({"a": "integer"}))
    row: dict[str, Any] = {"a": 1}
    assert decoder.decode(b'{"summaries": [{"a": 1}]}', "summaries").rows == [row]
