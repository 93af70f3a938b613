"""The rows of a page: what fits the schema stays, and what does not is moved and told.

The typed check and the untyped way give the same, whatever comes.
"""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.records.day import Row
from tap_claude_analytics.records.shapes import (
    AMOUNT,
    RowDecoder,
    Shape,
    misfit_paths,
    row_type,
    shape_of,
    take_misfits,
)
from tap_claude_analytics.records.storable import make_storable
from tap_claude_analytics.streams.assembly import row_decoder, row_shape
from tap_claude_analytics.streams.spec import StreamSpec
from tap_claude_analytics.streams.specs import SPECS
from tap_claude_analytics.tap import TapClaudeAnalytics

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
    "huge fraction": ["1e400", "-1e999", "1e999999999"],
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
ODD_NAMES = ["news", "\0", "\ud800", "Zo\u00eb"]

SHAPE: Shape = {
    **{kind: kind for kind in FITS},
    # A catalog may add fields of any name, also of one that Python does not allow.
    "class": "integer",
    "inner": {"count": "integer", "name": "string", "deeper": {"date": "date"}},
}
SHAPES = {spec.name: row_shape(spec, spec.schema.load(), RUN) for spec in SPECS}


def joined(fields: dict[str, str]) -> str:
    """Return the JSON of an object from that of its values."""
    texts = (f"{json.dumps(name)}: {value}" for name, value in fields.items())
    return f"{{{', '.join(texts)}}}"


def bucket(row: str) -> str:
    """Return a bucket with a row."""
    times = dict.fromkeys(("starting_at", "ending_at"), FITTING["date-time"][0])
    return joined({**times, "results": f"[{row}]"})


def full(kind: "Shape | str") -> str:
    """Return a value of a kind, with every field that it may have."""
    if isinstance(kind, dict):
        return joined({name: full(inner) for name, inner in kind.items()})
    return FITTING[kind][0]


def objects(shape: Shape, odd: list[str]) -> st.SearchStrategy[str]:
    """Return objects of a shape: some of its fields, with odd values if there are any."""
    fields = {
        name: objects(kind, odd) | st.sampled_from(["null", *odd])
        if isinstance(kind, dict)
        else st.sampled_from([*FITTING[kind], "null", *odd])
        for name, kind in shape.items()
    }
    if odd:
        fields = {name: st.sampled_from(odd) for name in ODD_NAMES} | fields
    return st.fixed_dictionaries({}, optional=fields).map(joined)


def decoded(decoder: RowDecoder, rows: list[str]) -> tuple[list[Row], bool]:
    """Return the rows of a page, which are as untyped ones are, and whether all conform.

    Values that are equal but written otherwise, such as 1 and 1.0, are told apart.
    """
    body = f'{{"data": [{", ".join(rows)}], "next_page": null}}'.encode()
    found, conforms, is_suspect = decoder.decode(body, "data")
    untyped = json.loads(body, parse_float=Decimal)["data"]
    assert repr(found) == repr(untyped)
    if not is_suspect:
        for row in found:
            make_storable(row, (), lambda path: pytest.fail(f"replaced in {path}"))
        assert repr(found) == repr(untyped)
    return found, conforms


def merged(one: object, other: object) -> object:
    """Return what two objects hold together; of other values, the second one."""
    if isinstance(one, dict) and isinstance(other, dict):
        common = {name: merged(one[name], other[name]) for name in one.keys() & other}
        return one | other | common
    return other


@pytest.mark.parametrize("odd", [[], ALL_VALUES], ids=["ordinary", "odd"])
@settings(max_examples=60)
@given(data=st.data())
def test_nothing_is_lost(data: st.DataObject, odd: list[str]) -> None:
    """What stays and what moves make up the row again, and nothing of conforming ones."""
    texts = data.draw(st.lists(objects(SHAPE, odd), max_size=2))
    rows, conform = decoded(RowDecoder(row_type(SHAPE)), texts)
    assert odd or conform
    for row in rows:
        before = copy.deepcopy(row)
        misfits = take_misfits(row, SHAPE)
        assert not (conform and misfits)
        assert merged(row, misfits or {}) == before
        assert take_misfits(row, SHAPE) is None


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_rows_of_each_stream_conform(spec: StreamSpec) -> None:
    """Or all the speed would be gone without a word; what is new in them is noticed."""
    decoder = row_decoder(spec, SHAPES[spec.name])
    has_buckets = spec.report is not None and spec.report.has_buckets
    fields = {name: full(kind) for name, kind in SHAPES[spec.name].items()}
    row = joined(fields | dict.fromkeys(spec.null_fields, "null"))
    known = bucket(row) if has_buckets else row
    assert decoded(decoder, [known])[1]
    with_news = row.replace("{", '{"news": 1, ', 1)
    if has_buckets:
        beside = known.replace("{", '{"news": 1, ', 1)
        assert not decoded(decoder, [beside])[1]
        with_news = bucket(with_news)
    assert not decoded(decoder, [with_news])[1]


@pytest.mark.parametrize("sort", VALUES)
@pytest.mark.parametrize("kind", FITS)
def test_each_value_where_a_kind_is_expected(kind: str, sort: str) -> None:
    """What fits stays, whole numbers as integers; what does not is moved and told."""
    shape: Shape = {"field": kind}
    decoder = RowDecoder(row_type(shape))
    conforming, fitting = FITS[kind]
    for text in VALUES[sort]:
        _, conforms = decoded(decoder, [joined({"field": text})])
        assert conforms is (sort in conforming), text
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


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ("[1]", "a row that is not an object"),
        ("[{}, null]", "a row that is not an object"),
        ('[{"a": 1e9999999999999999999}]', "out of range"),
        (f'[{{"a": 1{"0" * 5000}}}]', "out of range"),
        (f'[{{"a": {"[" * 100_000}{"]" * 100_000}}}]', "nested too deeply"),
    ],
    ids=["number", "null", "fraction", "integer", "deep"],
)
def test_rows_that_cannot_be_read(rows: str, text: str) -> None:
    """A sentence says why, whatever Python says."""
    decoder = RowDecoder(row_type({"a": "integer"}))
    with pytest.raises(RowError, match=text):
        decoder.decode(f'{{"data": {rows}}}'.encode(), "data")


TEXT = {"type": ["string", "null"]}
HOME = {"type": ["object", "null"], "properties": {"city": TEXT}}
SCHEMA: dict[str, Any] = {
    "properties": {
        "id": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "count": {"type": ["null", "integer"]},
        "free": {"type": ["object", "null"]},
        "user": {"type": ["object", "null"], "properties": {"name": TEXT, "home": HOME}},
        "team": HOME,
    }
}
PLACE: Shape = {"city": "string"}
USER: Shape = {"name": "string", "home": PLACE}
KNOWN: Shape = {"id": "string", "count": "integer", "free": "object", "user": USER}
KNOWN |= {"team": PLACE}


def test_the_shape_of_a_schema() -> None:
    """Kinds are formats or types; fields at any depth are left out, or are amounts."""
    assert shape_of(SCHEMA) == {**KNOWN, "date": "date"}
    without = shape_of(SCHEMA, without={"date", "user.home"}, amounts={"id", "user.name"})
    assert without == {**KNOWN, "id": AMOUNT, "user": {"name": AMOUNT}}


def test_what_moves() -> None:
    """What is unknown or of another type, in its own nesting; each is named."""
    user = {"name": 7, "age": 3, "home": {"city": "b", "zip": {"n": 1}}}
    # The date is a name of the tap's own.
    row = {"id": "1", "x": None, "free": {"a": 1}, "user": user, "team": 7, "date": "d"}
    misfits = take_misfits(row, KNOWN) or {}
    kept = {"name": None, "home": {"city": "b"}}
    assert row == {"id": "1", "free": {"a": 1}, "user": kept, "team": None}
    moved = {"name": 7, "age": 3, "home": {"zip": {"n": 1}}}
    assert misfits == {"x": None, "user": moved, "team": 7, "date": "d"}
    assert dict(misfit_paths(misfits, KNOWN)) == {
        **dict.fromkeys(("x", "user.age", "user.home.zip", "date")),
        "user.name": "string",
        "team": "object",
    }
