"""The rows of a page: the typed check and the untyped way give the same, whatever comes."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
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

if TYPE_CHECKING:
    from tap_claude_analytics.records.day import Row
    from tap_claude_analytics.records.shapes import Shape
    from tap_claude_analytics.streams.spec import StreamSpec

RUN = TapClaudeAnalytics(config={"api_key": "sk-ant-api01-test"}, setup_mapper=False).run

# Values as JSON text, since much of what is odd about them would not survive an encoder.
FITTING = {
    "integer": ["0", "-0", str(2**63 - 1), str(-(2**63))],
    "number": ["0.1000000000000000055", "-0.0", "1E5", "1e-400", "99.5", "7"],
    AMOUNT: ['"0"', '"-12.5"', '"123456789012345678901234.567890"'],
    "string": ['""', '"Zo\u00eb \U0001f680"', '"\\ud83d\\ude80"', '"2026-01-05"', '"5"'],
    "date": ['"2026-01-05"'],
    "date-time": ['"2026-01-05T00:00:00Z"', '"2026-01-05T01:30:00.123456+01:00"'],
    "boolean": ["true", "false"],
    "array": ["[]", '["a", null]'],
    "object": ["{}", '{"a": [1]}'],
}
#: Each is odd somewhere, or everywhere.
ODD = [
    *('"\\u0000"', '"\\ud800"', '"\\ude80\\ud83d"', '"2026-02-30"', '"2026-1-5"'),
    *('"2026-01-05 00:00:00Z"', '"2026-01-05T00:00:00"', '"2026-01-05T00:00:00+0100"'),
    *('"0001-01-01T00:00:00+01:00"', "12", "1.0", "1e3", "0.5", "1e400"),
    *(str(2**63), str(-(2**63) - 1), "1" + "0" * 30, "[1]", '["a", {}]'),
    *('{"a": "\\u0000", "b": 1.50}', '{"\\u0000": 1}'),
]
ODD_NAMES = ["news", "date", "\0", "\ud800", "Zo\u00eb", "results"]

SHAPE: Shape = {
    **{kind.replace("-", "_"): kind for kind in FITTING},
    "inner": {"count": "integer", "name": "string", "deeper": {"date": "date"}},
}
BUCKETS = next(spec for spec in SPECS if spec.name == "usage_report")


def shape_of(spec: StreamSpec) -> Shape:
    """Return the shape of the rows of a stream."""
    return row_shape(spec, spec.schema.load(), RUN)


def joined(fields: dict[str, str]) -> str:
    """Return the JSON of an object from that of its values."""
    texts = (f"{json.dumps(name)}: {value}" for name, value in fields.items())
    return f"{{{', '.join(texts)}}}"


def objects(shape: Shape, odd: list[str]) -> st.SearchStrategy[str]:
    """Return objects of a shape: some of its fields, with odd values if there are any."""
    fields = {
        name: objects(kind, odd)
        if isinstance(kind, dict)
        else st.sampled_from([*FITTING[kind], "null", *odd])
        for name, kind in shape.items()
    }
    if odd:
        fields = {name: st.sampled_from(odd) for name in ODD_NAMES} | fields
    return st.fixed_dictionaries({}, optional=fields).map(joined)


def bucket(rows: list[str], instant: str = FITTING["date-time"][0]) -> str:
    """Return a bucket with these rows."""
    results = f"[{', '.join(rows)}]"
    return joined({"starting_at": instant, "ending_at": instant, "results": results})


def assert_same_as_untyped(decoder: RowDecoder, rows: list[str]) -> list[Row] | None:
    """Check what a decoder says of a page; return its rows if all conform.

    Values that are equal but written otherwise, such as 1 and 1.0, are told apart.
    """
    body = f'{{"data": [{", ".join(rows)}], "next_page": null}}'.encode()
    decoded, conforms, is_suspect = decoder.decode(body, "data")
    untyped = json.loads(body, parse_float=Decimal)["data"]
    assert repr(decoded) == repr(untyped)
    if not is_suspect:
        for row in decoded:
            make_storable(row, (), lambda path: pytest.fail(f"replaced in {path}"))
        assert repr(decoded) == repr(untyped)
    return decoded if conforms else None


@pytest.mark.parametrize("odd", [[], ODD], ids=["ordinary", "odd"])
@settings(max_examples=60)
@given(data=st.data())
def test_both_ways_give_the_same_rows(data: st.DataObject, odd: list[str]) -> None:
    """And nothing is to be moved out of rows that conform."""
    rows = data.draw(st.lists(objects(SHAPE, odd), max_size=2))
    conforming = assert_same_as_untyped(RowDecoder(row_type(SHAPE)), rows)
    assert odd or conforming is not None
    for row in conforming or []:
        assert take_misfits(row, SHAPE) is None


@pytest.mark.parametrize("odd", [[], ODD], ids=["ordinary", "odd"])
@settings(max_examples=20)
@given(data=st.data())
def test_both_ways_give_the_same_buckets(data: st.DataObject, odd: list[str]) -> None:
    """They hold the rows, and say when they begin and end."""
    shape = shape_of(BUCKETS)
    rows = data.draw(st.lists(objects(shape, odd), max_size=2))
    instant = data.draw(st.sampled_from([*FITTING["date-time"], *odd]))
    decoder = row_decoder(BUCKETS, shape)
    conforming = assert_same_as_untyped(decoder, [bucket(rows, instant)])
    assert odd or conforming is not None
    for each in conforming or []:
        for row in each.pop("results"):
            assert take_misfits({**each, **row}, shape) is None


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_rows_of_each_stream_conform(spec: StreamSpec) -> None:
    """Or all the speed would be gone without a word; what is new in them is noticed."""
    decoder = row_decoder(spec, shape_of(spec))

    def conforming(**more: str) -> list[Row] | None:
        row = {name: full(kind) for name, kind in shape_of(spec).items()}
        text = joined({**row, **dict.fromkeys(spec.null_fields, "null"), **more})
        has_buckets = spec.report is not None and spec.report.has_buckets
        return assert_same_as_untyped(decoder, [bucket([text]) if has_buckets else text])

    assert conforming() is not None
    assert conforming(news="1") is None


def full(kind: Shape | str) -> str:
    """Return a value of a kind, with every field that it may have."""
    if isinstance(kind, dict):
        return joined({name: full(inner) for name, inner in kind.items()})
    return FITTING[kind][0]


@pytest.mark.parametrize("kind", FITTING)
def test_each_value_where_a_kind_is_expected(kind: str) -> None:
    """Also every odd one, and those that fit another kind."""
    shape: Shape = {"field": kind}
    decoder = RowDecoder(row_type(shape))
    for value in ["null", *ODD, *chain(*FITTING.values())]:
        conforming = assert_same_as_untyped(decoder, [joined({"field": value})])
        assert conforming or value not in FITTING[kind], value
        for row in conforming or []:
            assert take_misfits(row, shape) is None, value


@pytest.mark.parametrize("kind", ["number", "string"])
def test_fractions_keep_their_digits(kind: str) -> None:
    """They never become floats, in either way."""
    body = b'{"data": [{"rate": 0.1000000000000000055}, {"rate": 1E-7}, {"rate": 5}]}'
    rows, conforms, _ = RowDecoder(row_type({"rate": kind})).decode(body, "data")
    assert conforms is (kind == "number")
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
    assert decoder.decode(b'{"summaries": [{"a": 1}]}', "summaries").rows == [{"a": 1}]
