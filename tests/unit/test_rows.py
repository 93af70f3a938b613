"""The rows of a page: the typed check and the untyped way give the same, whatever comes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.records.shapes import (
    AMOUNT,
    RowDecoder,
    misfit_paths,
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

#: Values of each sort as JSON text, since much that is odd would not survive an encoder.
VALUES = {
    "text": ['""', '"Zo\u00eb \U0001f680"', '"\\ud83d\\ude80"', '"-12.50"'],
    "half": ['"\\ud800"', '"\\ude80\\ud83d"'],
    "odd text": ['"\\u0000"', '"2026-02-30"', '"2026-1-5"', '"2026-01-05T00:00:00"'],
    "day": ['"2026-01-05"'],
    "instant": ['"2026-01-05T00:00:00Z"', '"2026-01-05T01:30:00.123456+01:00"'],
    "integer": ["0", "-0", str(2**63 - 1), str(-(2**63))],
    "huge": [str(2**63), str(-(2**63) - 1), "1" + "0" * 30],
    "whole": ["1.0", "1E3", "-0.0"],
    "fraction": ["0.1000000000000000055", "1e-400", "99.5"],
    "huge fraction": ["1e400", "-1e999"],
    "boolean": ["true", "false"],
    "texts": ["[]", '["a", null]'],
    "list": ["[1]", '["a", {}]'],
    "object": ["{}", '{"a": "\\u0000", "b": 1.50}', '{"\\u0000": 1}'],
}
ALL_VALUES = [value for values in VALUES.values() for value in values]
NUMBERS = ("integer", "whole", "fraction")
TEXTS = ("text", "odd text", "day", "instant")
#: Which values conform to a kind, and which fit it though only a slower look tells.
FITS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "integer": (("integer",), ("huge", "whole")),
    "number": (NUMBERS, ("huge", "huge fraction")),
    AMOUNT: (TEXTS, ("half", *NUMBERS, "huge", "huge fraction")),
    "string": (TEXTS, ("half",)),
    "date": (("day",), ()),
    "date-time": (("instant",), ()),
    "boolean": (("boolean",), ()),
    "array": (("texts",), ()),
    "object": (("object",), ()),
}
FITTING = {
    kind: [value for sort in conforming for value in VALUES[sort]]
    for kind, (conforming, _) in FITS.items()
}
#: Names of fields that no shape has.
ODD_NAMES = ["news", "\0", "\ud800", "Zo\u00eb", "results"]

SHAPE: Shape = {
    **{kind.replace("-", "_"): kind for kind in FITS},
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


@pytest.mark.parametrize("odd", [[], ALL_VALUES], ids=["ordinary", "odd"])
@settings(max_examples=40)
@given(data=st.data())
def test_both_ways_give_the_same_rows(data: st.DataObject, odd: list[str]) -> None:
    """And nothing is to be moved out of rows that conform."""
    rows = data.draw(st.lists(objects(SHAPE, odd), max_size=2))
    conforming = assert_same_as_untyped(RowDecoder(row_type(SHAPE)), rows)
    assert odd or conforming is not None
    for row in conforming or []:
        assert take_misfits(row, SHAPE) is None


@pytest.mark.parametrize("odd", [[], ALL_VALUES], ids=["ordinary", "odd"])
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


def test_a_new_field_beside_the_rows_of_a_bucket() -> None:
    """It is noticed too."""
    decoder = row_decoder(BUCKETS, shape_of(BUCKETS))
    assert assert_same_as_untyped(decoder, [bucket([])]) is not None
    with_news = bucket([]).replace("{", '{"news": 1, ', 1)
    assert assert_same_as_untyped(decoder, [with_news]) is None


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


@pytest.mark.parametrize("sort", VALUES)
@pytest.mark.parametrize("kind", FITS)
def test_each_value_where_a_kind_is_expected(kind: str, sort: str) -> None:
    """What fits stays, whole numbers as integers; what does not is moved and told."""
    shape: Shape = {"field": kind}
    decoder = RowDecoder(row_type(shape))
    conforming, fitting = FITS[kind]
    for text in VALUES[sort]:
        found = assert_same_as_untyped(decoder, [joined({"field": text})])
        assert (found is not None) is (sort in conforming), text
        value = json.loads(text, parse_float=Decimal)
        row = {"field": value}
        misfits = take_misfits(row, shape)
        if sort in conforming + fitting:
            assert misfits is None, text
            is_whole = kind == "integer" and sort == "whole"
            assert repr(row["field"]) == repr(int(value) if is_whole else value)
        else:
            assert (misfits, row) == ({"field": value}, {"field": None}), text
            assert [*misfit_paths({"field": value}, shape)] == [("field", kind)]


@pytest.mark.parametrize("kind", FITS)
def test_null_fits_every_kind(kind: str) -> None:
    """Also objects with fields of their own."""
    shapes: list[Shape] = [{"field": kind}, {"field": {"inner": kind}}]
    for shape in shapes:
        decoder = RowDecoder(row_type(shape))
        assert assert_same_as_untyped(decoder, ['{"field": null}']) == [{"field": None}]
        assert take_misfits({"field": None}, shape) is None


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


def test_names_that_python_does_not_allow() -> None:
    """A catalog may add fields of any name."""
    decoder = RowDecoder(row_type({"of-the-user": "string", "class": "integer"}))
    page = b'{"data": [{"of-the-user": "a", "class": 1}]}'
    assert decoder.decode(page, "data").conforms
