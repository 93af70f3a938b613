"""A state that an earlier version wrote, or the SDK itself, stays readable for ever.

``states/0.1.0.json`` is the last STATE of a run of version 0.1.0: all streams, the legacy
reports included, from 2026-03-01 on, against a simulator of 25 users and 8 projects, with
clocks that showed 2026-03-20. No run makes it anew: it is data of users by now.
"""

import hashlib
import json
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pendulum

from tests import ledger, truth
from tests.simulator import Simulator
from tests.singer import Organize, Output, SetToday, run

FILE = Path(__file__).parent / "states" / "0.1.0.json"
DIGEST = "66257ee97813d376edeb6d10ed377d5d26f0c8faf659604265eb1e38ab23a0dd"

#: The first day of the run that wrote the file, and its today.
FIRST, WRITTEN = pendulum.Date(2026, 3, 1), pendulum.Date(2026, 3, 20)


def assert_forward(output: Output, state: dict[str, Any]) -> None:
    """Check that no STATE takes a bookmark back, behind the state of the start either."""
    for before, after in pairwise([state, *output.states]):
        for stream, bookmark in before["bookmarks"].items():
            if value := bookmark.get("replication_key_value"):
                assert after["bookmarks"][stream]["replication_key_value"] >= value


def test_the_next_version_goes_on(organization: Organize, set_today: SetToday) -> None:
    """At the day that the file says, for every stream, and then all days are true."""
    streams = (*truth.ALL, *ledger.STREAMS)
    written = FILE.read_bytes()
    assert hashlib.sha256(written).hexdigest() == DIGEST, "nobody may change the file"
    state = json.loads(written)
    simulator = organization(WRITTEN, users=25, projects=8)
    settings: dict[str, Any] = {
        "start_date": FIRST.isoformat(),
        "lookback_days": 3,
        "report_lookback_days": 5,
    }
    before = run(simulator, *streams, **settings)
    set_today(WRITTEN.add(days=2), simulator)
    after = run(simulator, *streams, state=state, **settings)
    assert_forward(after, state)
    # The file says 17 and 19 March.
    read = [after.read_days(stream)[0] for stream in (*truth.STREAMS, *ledger.STREAMS)]
    assert set(read) == {"2026-03-15"}
    days = [FIRST.add(days=n) for n in range(22)]
    for stream in truth.STREAMS:
        assert after.bookmark(stream) == "2026-03-19"
        truth.assert_current_rows(simulator, stream, days[:19], before, after)
    for stream in ledger.STREAMS:
        assert after.bookmark(stream) == "2026-03-21T00:00:00Z"
        truth.assert_current_rows(simulator, stream, days, before, after)


def test_a_state_of_the_sdk(simulator: Simulator) -> None:
    """The bookmark alone says where to go on, whatever stands beside it.

    The SDK would make progress markers of a broken run a bookmark at the end.
    """
    bookmark = {"replication_key": "date", "replication_key_value": "2026-01-10"}
    note = "Progress is not resumable if interrupted."
    left_behind = {
        "starting_replication_value": "2026-01-04",
        "replication_key_signpost": "2026-01-16",
        "progress_markers": bookmark
        | {"replication_key_value": "2026-01-13", "Note": note},
    }
    state = {"bookmarks": {"skills": bookmark | left_behind}}
    read = partial(run, simulator, "skills", "readings", state=state)
    output = read(end_date="2026-01-10", lookback_days=0)
    assert not simulator.requests
    assert output.states
    for each in output.states:
        assert each["bookmarks"]["skills"].items() >= bookmark.items()
    output = read()
    days = [pendulum.Date(2026, 1, day) for day in range(8, 15)]
    truth.assert_true(output, simulator, "skills", days)
    assert_forward(output, state)
    assert output.bookmark("skills") == "2026-01-14"
