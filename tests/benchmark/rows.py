"""The rows that the server holds ready, encoded, from the simulator's generators."""

from __future__ import annotations

import itertools
import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from tests.simulator import ENDPOINTS, Options, Simulator
from tests.simulator.company import Company
from tests.simulator.options import ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A working day on which the organisation has every product: rows are as large as can be.
MODEL_DAY = date(2026, 11, 18)
#: What stands in a row for the day that is asked for.
DAY_MARK = b"@day-of-the-question@"
#: And for the one after it.
NEXT_DAY_MARK = b"@day-after-the-question@"
_MARKS = re.compile(b"(%b|%b)" % (DAY_MARK, NEXT_DAY_MARK))

#: Accounts in the model organisation; about half of them are active on a day.
_ACCOUNTS = 1500


def user_rows(count: int) -> list[bytes]:
    """Encode so many rows of `users`, the same metrics again and again for other users.

    The first row of every thousand names its day, so that an answer shows which question
    it belongs to.
    """
    company = Company(Options(users=min(_ACCOUNTS, 2 * count + 50)))
    models = itertools.cycle(ENDPOINTS["users"].rows(company, MODEL_DAY))
    rows = []
    for index, model in enumerate(itertools.islice(models, count)):
        user = model["user"] | {
            "id": f"user_01{index:022}",
            "email_address": f"person{index}@example.com",
        }
        row = {**model, "user": user}
        if index % 1000 == 0:
            row["last_activity_date"] = DAY_MARK.decode()
        rows.append(_encode(row))
    return rows


def daily_rows(endpoint: str) -> list[bytes]:
    """Encode the rows of a day of another endpoint; their own dates become marks."""
    company = Company(Options(users=100))
    rows = ENDPOINTS[endpoint].rows(company, MODEL_DAY)
    return [_marked(row) for row in rows]


def report_rows(
    users: int, questions: Iterable[tuple[str, tuple[str, ...]]]
) -> dict[tuple[str, tuple[str, ...]], list[Template]]:
    """Encode the rows of a day of usage and cost, by report and grouping."""
    simulator = Simulator(Options(users=users, today=MODEL_DAY + 5 * ONE_DAY))
    span = (MODEL_DAY, MODEL_DAY + ONE_DAY)
    return {
        (report, grouping): [
            Template(_marked(row))
            for row in simulator.truth_report(report, *span, group_by=grouping)
        ]
        for report, grouping in questions
    }


class Template:
    """Encoded JSON with marks, cut at them once, so that a day costs next to nothing."""

    def __init__(self, marked: bytes) -> None:
        """Cut at the marks."""
        self._pieces = _MARKS.split(marked)

    def on(self, day: date) -> list[bytes]:
        """Give the pieces, with a day in place of the marks."""
        dates = {
            DAY_MARK: day.isoformat().encode(),
            NEXT_DAY_MARK: (day + ONE_DAY).isoformat().encode(),
        }
        return [dates.get(piece, piece) for piece in self._pieces]


def _encode(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()


def _marked(row: dict[str, Any]) -> bytes:
    return (
        _encode(row)
        .replace(MODEL_DAY.isoformat().encode(), DAY_MARK)
        .replace((MODEL_DAY + ONE_DAY).isoformat().encode(), NEXT_DAY_MARK)
    )
