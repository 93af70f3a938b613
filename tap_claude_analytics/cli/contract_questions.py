"""The questions of the contract report: a page or two for each stream, and odd days."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tap_claude_analytics.api.errors import NoAnswerError
from tap_claude_analytics.api.pages import BY_PAGE, Paging, read_page
from tap_claude_analytics.cli.contract_report import Asked, Expected
from tap_claude_analytics.common.dates import FLOOR
from tap_claude_analytics.common.errors import RowError, StreamFailedError
from tap_claude_analytics.common.names import STARTING_AT
from tap_claude_analytics.records.organization import ID
from tap_claude_analytics.records.reports import ENDING_AT
from tap_claude_analytics.records.shapes import RowDecoder
from tap_claude_analytics.streams import assembly
from tap_claude_analytics.streams.specs import TEAMS_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_claude_analytics.api.answers import Answer
    from tap_claude_analytics.api.client import Client
    from tap_claude_analytics.streams.day_stream import DayStream
    from tap_claude_analytics.streams.run import Run

#: Pages that are asked for of each answer: the second one shows how cursors work.
_PAGES = 2


def ask_all(run: Run, client: Client, streams: Sequence[DayStream]) -> Iterator[Asked]:
    """Ask for a day of each stream, and for days that the API refuses.

    Args:
        run: What the streams share.
        client: Sends the requests, none of them twice.
        streams: The streams to ask for.
    """
    seen: list[tuple[str, Mapping[str, Any]]] = []
    day = max(FLOOR, run.today.subtract(days=run.settings.data_delay_days))
    for stream in streams:
        path = stream.spec.path
        parameters = {**stream.source(lambda _status, _seconds: None).sample(day)}
        report = stream.spec.report
        if "limit" in parameters and not (report and report.has_buckets):
            parameters["limit"] = run.settings.page_size
        if (path, parameters) in seen:
            continue
        seen.append((path, parameters))
        expected = _expected(run, stream)
        if "{" in path:
            team = _first_team(client)
            if team is None:
                continue
            path = path.format(rbac_group_id=quote(team, safe=""))
        paging = stream.spec.paging
        asked = _ask(client, stream.name, path, parameters, expected, paging)
        yield replace(asked, path=stream.spec.path)
        # Nobody has seen in which words the API refuses these.
        if parameters.keys() == {"date", "limit"} and path == "users":
            for purpose, odd in (
                ("a day that is not there yet", run.today),
                ("a day before the first one", FLOOR.subtract(days=1)),
            ):
                yield _ask(
                    client, purpose, path, {**parameters, "date": odd.isoformat()}, expected
                )


def _first_team(client: Client) -> str | None:
    """Return the id of a team, None if there is none to be had."""
    try:
        answer = client.ask_once(TEAMS_PATH, {"limit": 1})
        page = read_page(answer)
        rows = RowDecoder(dict).decode(page.text, page.rows_key).rows
    except (NoAnswerError, StreamFailedError, RowError, ValueError):
        return None
    return next((str(row[ID]) for row in rows if row.get(ID)), None)


def _expected(run: Run, stream: DayStream) -> Expected:
    """Return what the rows of a stream should be."""
    spec = stream.spec
    schema = spec.schema.load()
    shape = assembly.row_shape(spec, schema, run)
    filled = frozenset(
        name
        for name in shape
        # Rows of no group have a null that becomes a word in records.
        if name != spec.group_by
        and "null" not in schema["properties"].get(name, {}).get("type", ["null"])
    )
    if spec.report is not None and spec.report.has_buckets:
        times = {name: shape[name] for name in (STARTING_AT, ENDING_AT)}
        result = {name: kind for name, kind in shape.items() if name not in times}
        return Expected({**times, "results": result}, filled & times.keys())
    return Expected(shape, filled, spec.null_fields)


def _ask(
    client: Client,
    purpose: str,
    path: str,
    parameters: Mapping[str, Any],
    expected: Expected,
    paging: Paging = BY_PAGE,
) -> Asked:
    """Ask for the first pages."""
    answers: list[tuple[Answer, float]] = []
    took: list[float] = []
    cursor: str | None = None
    failure = ""
    try:
        while len(answers) < _PAGES:
            answer = client.ask_once(
                path,
                {**parameters, paging.parameter: cursor},
                lambda _status, seconds: took.append(seconds),
                paging,
            )
            answers.append((answer, took[-1]))
            cursor = read_page(answer, paging).next_page
            if cursor is None:
                break
    except NoAnswerError as error:
        failure = error.cause.words
    except (StreamFailedError, ValueError):
        pass  # The report says what the answer is instead of a page.
    return Asked(purpose, path, parameters, expected, tuple(answers), failure)
