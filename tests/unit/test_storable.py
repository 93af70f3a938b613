"""What databases refuse is replaced where that is safe, and named; nothing else changes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.records.storable import is_suspect, make_storable

#: Texts that databases refuse, and what becomes of them.
ODD = {
    "nul": ("\x00", "\ufffd"),
    "high": ("\ud800", "\ufffd"),
    "low": ("\udfff", "\ufffd"),
    "within": ("a\x00b", "a\ufffdb"),
    "two": ("\udc00\ud800", "\ufffd\ufffd"),
}


def stored(record: dict[str, Any], *keys: str) -> list[str]:
    """Make a record storable, and return the paths that were noted."""
    notes: list[str] = []
    make_storable(record, keys, notes.append)
    return notes


@pytest.mark.parametrize(("text", "clean"), ODD.values(), ids=ODD)
def test_texts(text: str, clean: str) -> None:
    """Each such character becomes U+FFFD, at whatever depth, and the path is told."""
    record = {"id": "x", "name": text, "user": {"name": text}, "list": [text, 1]}
    assert stored(record, "id") == ["name", "user.name", "list[]"]
    assert list(record) == ["id", "name", "user", "list"]
    assert record == {"id": "x", "name": clean, "user": {"name": clean}, "list": [clean, 1]}


def test_names_of_fields_that_are_not_known() -> None:
    """They may be people's own words, so no more than the place is told."""
    record = {"additional_fields": {"by_user": {"anna\x00": {"x": "\x00"}}}}
    assert stored(record) == ["additional_fields.by_user", "additional_fields.by_user"]
    assert record == {"additional_fields": {"by_user": {"anna\ufffd": {"x": "\ufffd"}}}}


def test_names_that_would_become_one() -> None:
    """Nothing is overwritten."""
    with pytest.raises(RowError, match="two fields in additional_fields"):
        stored({"additional_fields": {"by": {"a\x00": 1, "a\ufffd": 2}}})


@pytest.mark.parametrize("text", [text for text, _ in ODD.values()], ids=ODD)
def test_keys(text: str) -> None:
    """A key is never changed: two could become one."""
    record = {"id": text, "name": text}
    with pytest.raises(RowError, match="a row whose id contains"):
        stored(record, "id")
    assert record == {"id": text, "name": text}


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_integers_beyond_64_bits(number: int) -> None:
    """They are named by their path, and not by their value."""
    with pytest.raises(RowError, match=r"in user\.count") as caught:
        stored({"user": {"count": number}})
    assert str(number) not in str(caught.value)
    assert stored({"count": 2**63 - 1, "other": -(2**63), "yes": True}) == []


def test_an_emoji_is_no_half_character() -> None:
    """A pair of escaped surrogates is one character."""
    record = json.loads(r'{"name": "\ud83d\ude00"}')
    assert stored(record) == []
    assert record == {"name": "\U0001f600"}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_categories=()), max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(record=st.dictionaries(st.sampled_from("abc"), json_values))
def test_nothing_odd_is_overlooked(record: dict[str, Any]) -> None:
    """What is changed or refused is found in the body first; afterwards nothing is left."""
    before = copy.deepcopy(record)
    bodies = [json.dumps(record).encode()]
    bodies.append(json.dumps(record, ensure_ascii=False).encode(errors="surrogatepass"))
    try:
        noted = stored(record)
    except RowError:
        noted = ["refused"]
    if not noted:
        assert record == before
    else:
        assert all(is_suspect(body) for body in bodies)
    if noted != ["refused"]:
        text = json.dumps(record, ensure_ascii=False)
        assert "\\u0000" not in text
        text.encode()


def test_odd_bodies() -> None:
    """Every way in which JSON can write what databases refuse."""
    # Escaped surrogates of both halves, with large and small digits; the same as bytes.
    escaped = (rb'"\ud800"', rb'"\uDBFF"', rb'"\udc00"', rb'"\uDeaD"', rb'"\uDFFF"')
    plain = (b'"\xed\xa0\x80"', b'"\xed\xbf\xbf"')
    for body in (rb'"\u0000"', *escaped, *plain, b"1234567890123456789"):
        assert is_suspect(body), body


def test_ordinary_bodies() -> None:
    """They cost no look at each record."""
    texts = (rb'"\ud7ff"', "'é\ud7ff'".encode())
    for body in (b'{"data": [], "next_page": null}', b"123456789012345678", *texts):
        assert not is_suspect(body), body
