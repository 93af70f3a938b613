"""One page: the fast way to read it and the slow one give the same, whatever it holds."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from tap_claude_analytics.errors import UnexpectedAnswerError
from tap_claude_analytics.pages import PageReader, read_page
from tap_claude_analytics.storable import make_storable
from tap_claude_analytics.streams.base import DayStream
from tap_claude_analytics.streams.fields import AMOUNT, row_type, take_misfits
from tap_claude_analytics.streams.legacy_reports import BucketReportStream

from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import truth
from tests.unit.responses import answer

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests
    from tap_claude_analytics.answers import Row
    from tap_claude_analytics.pages import Page
    from tap_claude_analytics.streams.fields import Shape

_TAP = TapClaudeAnalytics(config={"api_key": "sk-ant-api01-test"}, setup_mapper=False)
#: Of the streams that are made from one table, one.
UNTRIED = truth.BREAKDOWNS.keys() - {"team_summaries", "skills_by_team"}
STREAMS = {
    name: stream
    for name, stream in _TAP.streams.items()
    if isinstance(stream, DayStream) and name not in UNTRIED
}
each_stream = pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)

#: Reads rows with the single field that the examples have.
FAST = PageReader(row_type({"a": "integer", "name": "string"}))
each_reader = pytest.mark.parametrize("read", [FAST.read, read_page], ids=["fast", "slow"])


@each_reader
@pytest.mark.parametrize(
    ("body", "rows", "next_page"),
    [
        ({"data": [{"a": 1}], "next_page": None}, [{"a": 1}], None),
        ({"data": [{"a": 1}], "next_page": "more"}, [{"a": 1}], "more"),
        ({"data": [], "next_page": "more"}, [], "more"),
        ({"data": [], "next_page": ""}, [], None),
        ({"data": []}, [], None),
        ({"summaries": [{"a": 1}, {}]}, [{"a": 1}, {}], None),
        ({"data": [{"a": 1}], "news": {"b": 2}}, [{"a": 1}], None),
        ({"data": [{"a": 1}], "summaries": [{"a": 2}]}, [{"a": 1}], None),
        ({"data": [], "has_more": True, "next_page": "more"}, [], "more"),
        ({"data": [], "has_more": False, "next_page": "stale"}, [], None),
        ({"data": [], "has_more": None, "next_page": "more"}, [], "more"),
    ],
    ids=str,
)
def test_rows_and_cursor(
    read: Callable[[requests.Response], Page],
    body: object,
    rows: list[Row],
    next_page: str | None,
) -> None:
    """They are found in the answers of both generations."""
    page = read(answer(body, request_id="req_7"))
    assert page.rows() == rows
    assert page.next_page == next_page
    assert page.request_id == "req_7"


@each_reader
@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, "{}"),
        ([], "list"),
        ([{"data": []}], "list"),
        (None, "NoneType"),
        ("data", "str"),
        (7, "int"),
        ({"data": None}, "data: NoneType"),
        ({"data": None, "summaries": []}, "data: NoneType, summaries: list"),
        ({"data": {}}, "data: dict"),
        ({"data": "rows"}, "data: str"),
        ({"data": [1]}, "data: list"),
        ({"data": [{}, None]}, "data: list"),
        ({"data": [[]]}, "data: list"),
        ({"summaries": None}, "summaries: NoneType"),
        ({"rows": [], "next_page": None}, "next_page: NoneType, rows: list"),
        ({"error": {"message": "no"}}, "error: dict"),
        ({"data": [], "next_page": 2}, "next_page"),
        ({"data": [], "next_page": ["more"]}, "next_page"),
        ({"data": [], "next_page": False}, "next_page"),
        ({"data": [], "has_more": True}, "no cursor"),
        ({"data": [], "has_more": True, "next_page": ""}, "no cursor"),
    ],
    ids=str,
)
def test_what_is_no_page(
    read: Callable[[requests.Response], Page], body: object, found: str
) -> None:
    """The error says what was asked and what came, so that it can be reported."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        read(answer(body, request_id="req_7"))
    sentence = str(caught.value)
    assert "/v1/organizations/analytics/skills?date=2026-01-05" in sentence
    assert found in sentence
    assert "req_7" in sentence


@each_reader
def test_an_unexpected_answer_tells_no_values(
    read: Callable[[requests.Response], Page],
) -> None:
    """Only the keys are told, and those without what may be private."""
    body = {"who": "zoe@acme.example", "mary@acme.example": 1, "data": None}
    with pytest.raises(UnexpectedAnswerError) as caught:
        read(answer(body))
    assert "acme.example" not in str(caught.value)


@each_reader
@pytest.mark.parametrize(
    "body", [b"", b'{"data": [', b"<html>", b'{"data": [NaN]}', b"[" * 100_000]
)
def test_what_is_no_json(read: Callable[[requests.Response], Page], body: bytes) -> None:
    """Both ways say so by ValueError, since asking again may help."""
    with pytest.raises(ValueError, match=r"."):
        read(answer(body))


@each_reader
@pytest.mark.parametrize(
    "news",
    [b'"\\ud800"', b"1e9999999", b"[" * 300 + b"]" * 300, b"1" + b"0" * 400],
    ids=["half a character", "huge", "deep", "long"],
)
def test_what_stands_beside_the_rows_does_not_matter(
    read: Callable[[requests.Response], Page], news: bytes
) -> None:
    """However odd it is, the rows of a page that was accepted can be had."""
    page = read(answer(b'{"data": [{"a": 1}], "news": %b}' % news))
    assert page.rows() == [{"a": 1}]


@pytest.mark.parametrize("news", [b'"\xff"', b"1e9999999999999999999"], ids=repr)
def test_odd_bytes_beside_the_rows(news: bytes) -> None:
    """A page that is read fast gives its rows, whatever it passed over."""
    page = FAST.read(answer(b'{"data": [{"a": 1}], "news": %b}' % news))
    assert page.rows() == [{"a": 1}]


@each_reader
def test_names_in_all_scripts(read: Callable[[requests.Response], Page]) -> None:
    """Text comes out as it went in."""
    row = {"name": "Zoë 株式会社 مشروع 🚀"}
    assert read(answer({"data": [row]})).rows() == [row]


@each_reader
@pytest.mark.parametrize("refreshed", ["2026-01-05T06:00:00Z", None])
def test_until_when_all_is_known(
    read: Callable[[requests.Response], Page], refreshed: str | None
) -> None:
    """Reports tell the instant of their refresh."""
    page = read(answer({"data": [], "data_refreshed_at": refreshed}))
    assert page.data_refreshed_at == refreshed
    assert read(answer({"data": [], "data_refreshed_at": 7})).data_refreshed_at is None


def test_a_page_is_read_once() -> None:
    """Whether it is one, its cursor and its rows come from the same reading."""
    response = answer({"data": []})
    assert FAST.read(response) is FAST.read(response)


@each_reader
def test_rows_are_decoded_anew(read: Callable[[requests.Response], Page]) -> None:
    """Whoever edits them, edits them alone."""
    page = read(answer({"data": [{"a": 1}]}))
    page.rows()[0]["a"] = 2
    assert page.rows() == [{"a": 1}]


@each_reader
def test_a_packed_page_is_the_same_and_smaller(
    read: Callable[[requests.Response], Page],
) -> None:
    """Also when it is packed again."""
    body = {"data": [{"a": number} for number in range(1000)], "next_page": "more"}
    page = read(answer(body, request_id="req_7"))
    packed = page.packed()
    assert packed.size < page.size / 4
    assert packed.packed().size == packed.size
    assert packed.packed().rows() == page.rows()
    assert (packed.next_page, packed.request_id) == ("more", "req_7")


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


@st.composite
def rows_of(draw: st.DrawFn, stream: DayStream) -> str:
    """Draw a row as the stream's endpoint gives it: a bucket, or what has its shape."""
    oddities = draw(st.sampled_from([0, 0, 1, 3]))
    row = objects(stream.row_shape, oddities=oddities)
    if not isinstance(stream, BucketReportStream):
        return draw(row)
    instants = PLAIN["date-time"] if oddities == 0 else PLAIN["date-time"] | ODD
    fields = [('"starting_at"', draw(instants)), ('"ending_at"', draw(instants))]
    fields.append(('"results"', f"[{', '.join(draw(st.lists(row, max_size=2)))}]"))
    return _joined(fields)


#: What stands beside the rows.
ENVELOPES = st.sampled_from(
    [
        "",
        ', "next_page": null, "has_more": false',
        ', "next_page": "more", "data_refreshed_at": "2026-01-05T06:00:00Z"',
        ', "next_page": "\\u0000"',
        ', "data_refreshed_at": 7',
        ', "has_more": "yes", "next_page": "more"',
        ', "news": {"a": [1.5, "\\ud800"]}',
    ]
)


def flat(stream: DayStream, rows: list[Row]) -> list[Row]:
    """Return what the stream makes records of: the rows, or the results of buckets."""
    if isinstance(stream, BucketReportStream):
        return list(stream.flat_rows(rows))
    for row in rows:
        for name in stream.grouped_fields & row.keys():
            if row[name] is None:
                del row[name]
    return rows


def spelled(rows: object) -> str:
    """Tell values apart that are equal and are written otherwise, such as 1 and 1.0."""
    return repr(rows)


def refuse(path: str) -> None:
    """Nothing should have been replaced."""
    pytest.fail(f"something was replaced in {path}")


@each_stream
@given(data=st.data())
def test_both_ways_read_the_same(stream: DayStream, data: st.DataObject) -> None:
    """And what is read fast, or is not suspect, needs nothing of what is left out then."""
    rows = data.draw(st.lists(rows_of(stream), max_size=3))
    envelope = data.draw(ENVELOPES)
    body = f'{{"data": [{", ".join(rows)}]{envelope}}}'.encode()
    page = stream.page_reader.read(answer(body))
    event(f"plain: {page.is_plain}, suspect: {page.is_suspect}")
    assert_the_same(page, read_page(answer(body)))
    assert_nothing_is_left_out(page, flat(stream, page.rows()), stream.row_shape)


def assert_the_same(page: Page, slow: Page) -> None:
    """Compare two readings of one page."""
    assert spelled(page.rows()) == spelled(slow.rows())
    assert page.next_page == slow.next_page
    assert page.data_refreshed_at == slow.data_refreshed_at
    assert spelled(page.packed().rows()) == spelled(slow.rows())


def assert_nothing_is_left_out(page: Page, rows: list[Row], shape: Shape) -> None:
    """Check that what is done for other rows only would do nothing to these."""
    for row in rows:
        as_it_was = spelled(row)
        if not page.is_suspect:
            make_storable(row, (), refuse)
            assert spelled(row) == as_it_was
        if page.is_plain:
            assert take_misfits(row, shape) is None
            assert spelled(row) == as_it_was


@pytest.mark.parametrize("value", [*ODD_VALUES, "null", '"x"', "5", *_EXAMPLES])
@pytest.mark.parametrize("kind", PLAIN)
def test_one_value_of_each_kind(kind: str, value: str) -> None:
    """Every odd value, where each kind is expected."""
    shape: Shape = {"field": kind}
    body = b'{"data": [{"field": %b}]}' % value.encode()
    page = PageReader(row_type(shape)).read(answer(body))
    assert_the_same(page, read_page(answer(body)))
    assert_nothing_is_left_out(page, page.rows(), shape)


@each_stream
@given(data=st.data())
def test_what_the_schema_says_is_read_fast(stream: DayStream, data: st.DataObject) -> None:
    """Or all the speed would be gone without a word."""
    row = objects(stream.row_shape, oddities=0)
    rows: list[str] = data.draw(st.lists(row, max_size=3))
    if isinstance(stream, BucketReportStream):
        rows = [f'{{"starting_at": "{_INSTANTS[0]}", "results": [{", ".join(rows)}]}}']
    body = f'{{"data": [{", ".join(rows)}], "next_page": null}}'.encode()
    page = stream.page_reader.read(answer(body))
    assert page.is_plain
    assert page.is_suspect == (b"\\u0000" in body)


def test_fractions_keep_their_digits() -> None:
    """They are never made floats, in either way."""
    body = b'{"data": [{"rate": 0.1000000000000000055}, {"rate": 1E-7}, {"rate": 5}]}'
    reader = PageReader(row_type({"rate": "number"}))
    for page in (reader.read(answer(body)), read_page(answer(body))):
        rates = [row["rate"] for row in page.rows()]
        assert rates == [Decimal("0.1000000000000000055"), Decimal("1E-7"), 5]
        assert not any(math.isclose(0.1, rate) and type(rate) is float for rate in rates)
