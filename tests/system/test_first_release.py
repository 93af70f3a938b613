"""A state that an earlier version wrote, or the SDK itself, stays readable for ever.

``states/0.1.0.json`` is the last STATE of a run of version 0.1.0: all streams, the legacy
reports included, from 2026-03-01 on, against a simulator of 25 users and 8 projects, with
clocks that showed 2026-03-20. No run makes it anew: it is data of users by now.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pendulum

from tests import ledger, truth
from tests.conftest import TODAY
from tests.simulator import Options, Simulator
from tests.singer import Output, run

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = Path(__file__).parent / "states" / "0.1.0.json"
DIGEST = "66257ee97813d376edeb6d10ed377d5d26f0c8faf659604265eb1e38ab23a0dd"

#: The first day of the run that wrote the file, and its today.
FIRST, WRITTEN = date(2026, 3, 1), pendulum.Date(2026, 3, 20)
#: When the next version runs, and up to which days it reads then.
TWO_DAYS_LATER = WRITTEN.add(days=2)
LAST, LAST_COMPLETE = date(2026, 3, 19), date(2026, 3, 21)

PLAIN = {"replication_key": "date", "replication_key_value": "2026-01-10"}
#: What a run leaves behind that the SDK's own bookmarks were kept by.
LEFT_BEHIND = {
    **PLAIN,
    "starting_replication_value": "2026-01-04",
    "replication_key_signpost": "2026-01-16",
    "progress_markers": {
        "Note": "Progress is not resumable if interrupted.",
        "replication_key": "date",
        "replication_key_value": "2026-01-13",
    },
}


def assert_forward(output: Output, state: dict[str, Any]) -> None:
    """Check that no STATE takes a bookmark back, behind the state of the start either."""
    before = state["bookmarks"]
    for after in (value["bookmarks"] for value in output.states):
        for stream, bookmark in before.items():
            for value in filter(None, [bookmark.get("replication_key_value")]):
                assert after[stream]["replication_key_value"] >= value
        before = after


def first_day_asked(simulator: Simulator, path: str) -> str:
    """Return the earliest day that an endpoint was asked for."""
    names = ("date", "starting_date", "starting_at")
    return min(
        request.params[name][0][:10]
        for request in simulator.requests
        for name in names
        if request.path == path and name in request.params
    )


def test_the_next_version_goes_on(set_today: Callable[[pendulum.Date], None]) -> None:
    """At the day that the file says, for every stream, and then all days are true."""
    streams = (*truth.ALL, *ledger.STREAMS)
    written = FILE.read_bytes()
    assert hashlib.sha256(written).hexdigest() == DIGEST, "nobody may change the file"
    state = json.loads(written)
    with Simulator(Options(today=WRITTEN, users=25, projects=8)) as simulator:
        set_today(WRITTEN)
        before = run(simulator, *streams, start_date=FIRST.isoformat())
        simulator.requests.clear()
        simulator.today = TWO_DAYS_LATER
        set_today(TWO_DAYS_LATER)
        after = run(
            simulator,
            *streams,
            state=state,
            start_date=FIRST.isoformat(),
            lookback_days=3,
            report_lookback_days=5,
        )
        assert_forward(after, state)
        tables = ledger.Target(before, after)
        for stream in (*truth.STREAMS, *ledger.STREAMS):
            is_report = stream in ledger.STREAMS
            bookmark = state["bookmarks"][stream]["replication_key_value"][:10]
            lookback = timedelta(days=5 if is_report else 3)
            first = date.fromisoformat(bookmark) - lookback + timedelta(days=1)
            asked = first_day_asked(simulator, truth.PATHS.get(stream, stream))
            assert asked == first.isoformat()
            assert after.read_days(stream)[0] == first.isoformat()
            last = LAST_COMPLETE if is_report else LAST
            assert str(after.bookmark(stream))[:10] == last.isoformat()
            if is_report:
                span = (FIRST, TWO_DAYS_LATER.add(days=1))
                ledger.assert_sums(tables, simulator, stream, span)
            else:
                days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
                truth.assert_current_rows(simulator, stream, days, before, after)


def test_a_state_of_the_sdk(simulator: Simulator) -> None:
    """The bookmark alone says where to go on, whatever stands beside it."""
    state = {"bookmarks": {"skills": LEFT_BEHIND}}
    output = run(simulator, "skills", "readings", state=state)
    assert first_day_asked(simulator, "skills") == "2026-01-08"
    last = TODAY.subtract(days=3)
    days = [date(2026, 1, day) for day in range(8, last.day + 1)]
    truth.assert_current_rows(simulator, "skills", days, output)
    assert_forward(output, state)
    assert output.bookmark("skills") == last.isoformat()


def test_no_day_is_promised_that_was_not_read(simulator: Simulator) -> None:
    """The SDK would make progress markers of a broken run a bookmark at the end."""
    output = run(
        simulator,
        "skills",
        "readings",
        state={"bookmarks": {"skills": LEFT_BEHIND}},
        end_date="2026-01-10",
        lookback_days=0,
    )
    assert not simulator.requests
    bookmarks = [state["bookmarks"]["skills"] for state in output.states]
    assert bookmarks
    assert all(bookmark.items() >= PLAIN.items() for bookmark in bookmarks)
