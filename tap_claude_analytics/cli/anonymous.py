"""Texts of the API without anything that may name a person, a key or the organisation.

What may stay is listed, not what must go: the words of this tap's own descriptions, a few
that errors of any API have, dates and small numbers.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from tap_claude_analytics.common.text import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable

GONE = "[…]"

_DATE = r"\d{4}-\d{2}-\d{2}"
_TIME = r"[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?"
_PIECES = re.compile(rf"(?<![\w-]){_DATE}(?:{_TIME})?(?![\w-])|[\w-]+|.", re.DOTALL)
_DATED = re.compile(rf"{_DATE}(?:{_TIME})?")
_ENDS_WITH_DATE = re.compile(rf"(?P<words>[a-zA-Z_-]+)-(?P<date>{_DATE})")
_SMALL_NUMBER = re.compile(r"\d{1,4}(?:-\d{1,4})?")
_WORDS = re.compile(r"[^\W\d_]+")
_SEVERAL_GONE = re.compile(rf"{re.escape(GONE)}(?:\W*{re.escape(GONE)})+")
#: Shorter values of rows, such as "web", are words of the API rather than of anybody.
_LEAST_VALUE = 4

#: Words of errors that the descriptions of settings and fields do not have.
_ERRORS = """
about above access account admin again ago allow allowed already answer anthropic any
api april argument august authentication authorization authorized available bad base be
because been before beta body bound bounds call cannot certificate chain check code
combination combine combined conflict connection console contact context could cut data
december denied deprecated details disabled does due duplicate earliest eligible enable
enabled endpoint enterprise entity entry error errors every exceed exceeded exceeds
exist exists expected expire expired expires failed feature february few field fields
first forbidden format found future get granted greater had has have header headers
hipaa history host hostname id ids if ineligible input instead integer internal invalid
is iso issuer january json july june key keys last late later latest least length less
like limit limited local long longer made march maximum may message method minimum
mismatch missing more most must name needed needs new no none not nothing november now
number occurred october of off offered old older on one only or order organization
organizations out output over overloaded own page parameter parameters parse past path
per permission permissions permitted plan please possible prior provide provided proxy
query quota range rate ratelimit ready received refused refuses remaining request
requested requests require required requires reset resource response retired retry rfc
route same scope scopes seconds see seen self september server should shown sign signed
since small some soon start string support supported temporarily than that their them
then there they this timed timestamp tls today token tokens tomorrow too trusted try
type unable unauthorized unavailable unexpected unknown unsupported until up url use
used using utc valid validation value values verify version wait was were when which
with within without workspace wrong yesterday yet you your zone
"""


@cache
def _descriptions() -> str:
    """Return all descriptions and names of settings and of fields, as JSON."""
    folder = resources.files(__package__.partition(".")[0])
    files = [folder / "config" / "settings.json", *(folder / "schemas").iterdir()]
    return "\n".join(
        file.read_text("utf-8") for file in files if file.name.endswith(".json")
    )


@cache
def _vocabulary() -> frozenset[str]:
    """Return the words that may stay, in lower case."""
    return frozenset(_WORDS.findall(f"{_ERRORS}{_descriptions()}".casefold()))


@cache
def _known_fields() -> frozenset[str]:
    """Return the names that the schemas have."""
    return frozenset(re.findall(r'"([a-z_]+)": \{', _descriptions()))


def anonymous(text: str, values: Iterable[str] = ()) -> str:
    """Return a text with dates and common words only; the rest is left out.

    Args:
        text: What the API says.
        values: Texts in the rows of the API, which are left out as a whole.
    """
    text = scrub(text)
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= _LEAST_VALUE and value.casefold() in text.casefold():
            text = re.sub(
                rf"(?<!\w){re.escape(value)}(?!\w)", GONE, text, flags=re.IGNORECASE
            )
    pieces = _PIECES.findall(text.replace(GONE, "\0"))
    safe = "".join(GONE if piece == "\0" else _safe(piece) for piece in pieces)
    return _SEVERAL_GONE.sub(GONE, safe)


def _safe(piece: str) -> str:
    """Return a word, date, number or punctuation mark if it may stay."""
    if _DATED.fullmatch(piece) or _SMALL_NUMBER.fullmatch(piece):
        return piece
    if not re.fullmatch(r"[\w-]+", piece):
        return piece if piece.isascii() else GONE
    dated = _ENDS_WITH_DATE.fullmatch(piece)
    if dated:
        return f"{_safe(dated['words'])}-{dated['date']}"
    words = [word for word in re.split(r"[_-]", piece) if word]
    return piece if all(word.casefold() in _vocabulary() for word in words) else GONE


def field_name(name: str, values: Iterable[str]) -> str:
    """Return the name of a field, if it may be shown.

    A name that no schema knows may be the key of a map, and so an id or a name of somebody.
    It is shown if it looks like a field of this API and is neither a value in the rows nor
    a word of one.
    """
    if name in _known_fields():
        return name
    taken = {word for value in values for word in (value, *_WORDS.findall(value))}
    looks_right = re.fullmatch(r"[a-z]+(?:_[a-z]+)*", name)
    is_taken = name in {word.casefold() for word in taken}
    return name if looks_right and not is_taken else GONE


def texts_in(value: object) -> set[str]:
    """Return all texts in a JSON value, however deep."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return set[str]().union(*map(texts_in, value.values()))
    if isinstance(value, list):
        return set[str]().union(*map(texts_in, value))
    return set()
