"""The contract report: how the API answers here, without anything from its rows.

Nobody who wrote this tap has seen the live API. The report says where it differs from what
the tap expects, and may be published: it has names of fields, types, counts and times, and
of errors only words that nobody is called by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_claude_analytics.api.answers import decode_json, error_in, form_of
from tap_claude_analytics.api.errors import UnexpectedAnswerError
from tap_claude_analytics.api.pages import ROW_KEYS, read_page
from tap_claude_analytics.cli.anonymous import anonymous, field_name, texts_in
from tap_claude_analytics.records.shapes import Shape, fitted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from tap_claude_analytics.api.answers import Answer

#: Headers whose values are numbers, dates and the like.
_TOLD_HEADER = re.compile(r"rate-?limit|retry", re.IGNORECASE)
#: Parameters whose values are chosen by the tap or are dates.
_TOLD_PARAMETERS = {
    "bucket_width",
    "date",
    "ending_at",
    "ending_date",
    "group_by[]",
    "limit",
    "order",
    "order_by",
    "starting_at",
    "starting_date",
    "time_bucket_width",
}
#: What bodies of the API have around their rows.
_AROUND_ROWS = {
    *ROW_KEYS,
    *("data_refreshed_at", "has_more", "next_page"),
    *("code", "error", "error_code", "message", "request_id", "type"),
}


@dataclass(frozen=True)
class Expected:
    """What the rows of an endpoint should be.

    Attributes:
        shape: Their fields, and the kinds of these.
        filled: Fields at the top level that are never null.
        null: Fields at the top level that only grouped rows have: elsewhere they are null.
    """

    shape: Shape
    filled: frozenset[str] = frozenset()
    null: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Asked:
    """A question, and the answers to it: one for each page.

    Attributes:
        purpose: Why it is asked: the name of a stream, or words.
        parameters: The parameters of the first page.
        expected: What the rows should be.
        answers: The answers, with the seconds that each took.
        failure: Why there is no further answer; empty if there is one.
    """

    purpose: str
    path: str
    parameters: Mapping[str, Any]
    expected: Expected
    answers: tuple[tuple[Answer, float], ...]
    failure: str = ""


def reports_of(questions: Sequence[Asked]) -> list[dict[str, Any]]:
    """Return what questions and their answers say of the API."""
    pages = [[_Page.of(answer) for answer, _ in asked.answers] for asked in questions]
    # A text in any row may be quoted by any error.
    values = texts_in([page.rows for of_one in pages for page in of_one])
    return [
        _report(asked, of_one, values)
        for asked, of_one in zip(questions, pages, strict=True)
    ]


def _report(
    asked: Asked, pages: Sequence[_Page], values: Collection[str]
) -> dict[str, Any]:
    rows = [row for page in pages for row in page.rows]
    report: dict[str, Any] = {
        "endpoint": asked.path,
        "asked_for": asked.purpose,
        "parameters": {
            name: value if name in _TOLD_PARAMETERS else "not shown"
            for name, value in asked.parameters.items()
        },
        "answers": [
            _answer_report(answer, seconds, page, values)
            for (answer, seconds), page in zip(asked.answers, pages, strict=True)
        ],
    }
    if asked.failure:
        report["no_answer"] = anonymous(asked.failure, values)
    if rows:
        fields = _fields(rows, asked.expected.shape, values)
        report["fields"] = {
            path: " | ".join(sorted(kinds)) for path, kinds in sorted(fields.items())
        }
        report["differences"] = [
            *_differences(rows, asked.expected, values),
            *_never_seen(fields, asked.expected.shape),
        ]
    return report


@dataclass(frozen=True)
class _Page:
    """What an answer holds.

    Attributes:
        envelope: The body without its rows; None if it is not an object.
        rows: The rows that are objects.
        is_expected: Whether it is a page as the tap expects it.
    """

    envelope: dict[str, Any] | None
    rows: list[dict[str, Any]]
    is_expected: bool

    @classmethod
    def of(cls, answer: Answer) -> _Page:
        try:
            body = decode_json(answer.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return cls(None, [], is_expected=False)
        try:
            rows = body[read_page(answer).rows_key]
        except (UnexpectedAnswerError, ValueError):
            return cls(body, [], is_expected=False)
        rows = [row for row in rows if isinstance(row, dict)]
        return cls(body, rows, is_expected=answer.status == HTTPStatus.OK)


def _answer_report(
    answer: Answer, seconds: float, page: _Page, values: Collection[str]
) -> dict[str, Any]:
    """Return what one answer says: of its rows only how many there are."""
    report: dict[str, Any] = {
        "status": answer.status,
        "seconds": round(seconds, 2),
        "bytes": len(answer.body),
        "headers": {
            anonymous(name.lower()): anonymous(value, values)
            if _TOLD_HEADER.search(name)
            else "not shown"
            for name, value in sorted(answer.headers.items())
        },
    }
    if answer.status == HTTPStatus.OK:
        report["rows"] = len(page.rows)
        report["is_expected_envelope"] = page.is_expected
    elif (error := error_in(answer.body)) is None:
        report["body"] = form_of(answer)
    else:
        report["error"] = {
            _name_around_rows(name, values): anonymous(text, values)
            for name, text in _texts(error)
        }
    if page.envelope is not None:
        report["envelope"] = {
            _name_around_rows(name, values): _kind(value)
            for name, value in page.envelope.items()
        }
    return report


def _name_around_rows(name: str, values: Collection[str]) -> str:
    return name if name in _AROUND_ROWS else field_name(name, values)


def _texts(error: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the texts of an error, those of its details included."""
    for name, value in error.items():
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            yield from _texts(value)


def _kind(value: object) -> str:
    """Return what a JSON value is."""
    names = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
    if value is None:
        return "null"
    return names.get(type(value), "number")


def _fields(
    rows: Iterable[dict[str, Any]], shape: Shape, values: Collection[str]
) -> dict[str, set[str]]:
    """Return the path of every field, and the types that it has."""
    fields: dict[str, set[str]] = {}
    for row in rows:
        for path, value, kind in _walk(row, shape, values):
            is_time = isinstance(kind, str) and kind.startswith("date")
            fits = isinstance(kind, str) and value is not None and fitted(value, kind)[1]
            fields.setdefault(path, set()).add(
                str(kind) if is_time and fits else _kind(value)
            )
    return fields


def _walk(
    row: dict[str, Any], shape: Shape, values: Collection[str], prefix: str = ""
) -> Iterator[tuple[str, Any, Shape | str | None]]:
    """Yield path, value and expected kind of every field; None for a field not known."""
    for name, value in row.items():
        kind = shape.get(name)
        path = f"{prefix}{name if name in shape else field_name(name, values)}"
        yield path, value, kind
        below = kind if isinstance(kind, dict) else {}
        if isinstance(value, dict):
            yield from _walk(value, below, values, f"{path}.")
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from _walk(item, below, values, f"{path}[].")


def _differences(
    rows: Iterable[dict[str, Any]], expected: Expected, values: Collection[str]
) -> list[str]:
    """Return what in the rows is not as the schema has it."""
    found: dict[str, None] = {}
    for row in rows:
        for path, value, kind in _walk(row, expected.shape, values):
            if path in expected.null and value is None:
                continue
            if kind is None:
                found[f"{path}: not in the schema"] = None
            elif value is None:
                if path in expected.filled:
                    found[f"{path}: null, which the schema does not have"] = None
            elif isinstance(kind, dict):
                if not isinstance(value, (dict, list)):
                    found[f"{path}: {_kind(value)}, object in the schema"] = None
            elif not fitted(value, kind)[1]:
                found[f"{path}: {_kind(value)}, {kind} in the schema"] = None
    return sorted(found)


def _never_seen(fields: Collection[str], shape: Shape, prefix: str = "") -> Iterator[str]:
    """Yield the fields of the schema that no row has."""
    for name, kind in shape.items():
        path = f"{prefix}{name}"
        if path not in fields:
            yield f"{path}: in no row"
        elif isinstance(kind, dict):
            is_list = any(field.startswith(f"{path}[].") for field in fields)
            below = f"{path}[]." if is_list else f"{path}."
            if any(field.startswith(below) for field in fields):
                yield from _never_seen(fields, kind, below)
