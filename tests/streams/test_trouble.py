"""One stream's trouble: what fails, what still runs, and how the run ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests import truth
from tests.conftest import TODAY
from tests.simulator import ENDPOINTS, Options, Simulator
from tests.singer import Output, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pendulum

    from tests.simulator import Request

ENDPOINT_OF = {
    "adoption": "summaries",
    "artifacts": "artifacts",
    "chat_projects": "chat_projects",
    "connectors": "connectors",
    "org_summaries": "summaries",
    "plugins": "plugins",
    "skills": "skills",
    "user_summaries": "users",
}
DAYS = ["2026-01-01", "2026-01-02", "2026-01-03"]
LAST = DAYS[-1]
ADVICE = ("Analytics API key", "read:analytics", "Claude Enterprise")
# Nobody sleeps.
pytestmark = pytest.mark.usefixtures("waits")

each_refusal = pytest.mark.parametrize("status", [401, 403, 404])


def read(simulator: Simulator, *streams: str, **settings: Any) -> Output:
    """Read the first three days of some streams, or of those of engagement."""
    chosen = (*streams, "readings") if streams else truth.ALL
    return run(simulator, *chosen, **{"end_date": LAST, **settings})


def refuse(simulator: Simulator, *endpoints: str, status: int = 403) -> None:
    """Let the API refuse endpoints in its own words."""
    for endpoint in endpoints:
        message = f"no scope for {endpoint}"
        simulator.reply(endpoint, status=status, body=error(message))


def error(message: str) -> dict[str, Any]:
    """Make the body of an error."""
    return {"type": "error", "error": {"type": "some_error", "message": message}}


def asked_for(day: str) -> Callable[[Request], bool]:
    """Tell requests for a day."""
    return lambda request: request.params["date"] == [day]


def requests_of(simulator: Simulator, endpoint: str) -> list[Request]:
    """Return the requests to an endpoint, in order."""
    path = ENDPOINTS[endpoint].path
    return [request for request in simulator.requests if request.path == path]


def failed_streams(output: Output) -> list[str]:
    """Return the streams that the sentences name, each of them in one line."""
    assert all("\n" not in sentence for sentence in output.failures)
    assert all(sentence.startswith("Stream ") for sentence in output.failures)
    return [sentence.split()[1] for sentence in output.failures]


def assert_ran(output: Output, *streams: str) -> None:
    """Check that streams were read to their end."""
    for stream in streams:
        assert output.read_days(stream) == DAYS
        assert output.bookmark(stream) == LAST


def assert_failed_at_once(output: Output, *streams: str) -> None:
    """Check that streams read nothing, and keep the bookmark that they did not have."""
    for stream in streams:
        assert output.records(stream) == []
        assert output.read_days(stream) == []
        assert output.bookmark(stream) is None


def all_but(*streams: str) -> list[str]:
    """Return the other streams."""
    return [stream for stream in ENDPOINT_OF if stream not in streams]


# Refusals


@each_refusal
@pytest.mark.parametrize("endpoint", ["skills", "users", "artifacts"])
def test_one_refused_endpoint(simulator: Simulator, status: int, endpoint: str) -> None:
    """Its stream fails, with what to check; the others are read."""
    refuse(simulator, endpoint, status=status)
    output = read(simulator)
    (stream,) = failed_streams(output)
    assert ENDPOINT_OF[stream] == endpoint
    assert_failed_at_once(output, stream)
    assert_ran(output, *all_but(stream))
    assert len(requests_of(simulator, endpoint)) == 1
    (sentence,) = output.failures
    assert f"GET /v1/organizations/analytics/{endpoint}?date=2026-01-01" in sentence
    assert f'status {status}: "no scope for {endpoint}"' in sentence
    assert "request id req_" in sentence
    assert all(part in sentence for part in ADVICE)
    assert output.error is not None
    assert output.error.exit_code == 1


@each_refusal
def test_the_bookmark_of_a_failed_stream_stays(simulator: Simulator, status: int) -> None:
    """The next run starts where this one did."""
    entry = {"replication_key": "date", "replication_key_value": "2026-01-02"}
    state = {"bookmarks": {"skills": entry, "artifacts": entry}}
    refuse(simulator, "skills", status=status)
    output = read(simulator, "artifacts", "skills", state=state)
    assert failed_streams(output) == ["skills"]
    assert {s["bookmarks"]["skills"]["replication_key_value"] for s in output.states} == {
        "2026-01-02"
    }
    assert output.bookmark("artifacts") == LAST


def test_a_refusal_half_way(simulator: Simulator) -> None:
    """The days before it are read, and stay read."""
    simulator.reply("skills", status=403, when=asked_for("2026-01-02"))
    output = read(simulator)
    assert failed_streams(output) == ["skills"]
    assert output.read_days("skills") == ["2026-01-01"]
    assert output.bookmark("skills") == "2026-01-01"
    assert len(requests_of(simulator, "skills")) == 2


def test_a_refusal_inside_a_day(simulator: Simulator) -> None:
    """Rows that went out before it do not make a reading."""
    simulator.reply("users", status=403, when=lambda request: "page" in request.params)
    output = read(simulator, "artifacts", "user_summaries", page_size=1)
    assert failed_streams(output) == ["user_summaries"]
    assert len(output.records("user_summaries")) == 1
    assert output.read_days("user_summaries") == []
    assert output.bookmark("user_summaries") is None
    assert_ran(output, "artifacts")


def test_refusals_of_several_endpoints(simulator: Simulator) -> None:
    """A sentence each; the key opens others, so it is not to blame."""
    refuse(simulator, "artifacts", "plugins", "users")
    output = read(simulator)
    assert failed_streams(output) == ["artifacts", "plugins", "user_summaries"]
    assert_ran(output, *all_but("artifacts", "plugins", "user_summaries"))


@each_refusal
def test_refused_summaries(simulator: Simulator, status: int) -> None:
    """One request serves both of their streams, also when it is refused."""
    refuse(simulator, "summaries", status=status)
    output = read(simulator)
    assert failed_streams(output) == ["adoption", "org_summaries"]
    assert_failed_at_once(output, "adoption", "org_summaries")
    assert_ran(output, *all_but("adoption", "org_summaries"))
    assert len(requests_of(simulator, "summaries")) == 1
    assert all("request id req_" in sentence for sentence in output.failures)


def test_answered_summaries(simulator: Simulator) -> None:
    """One request serves both of their streams."""
    output = read(simulator)
    assert output.failures == ()
    assert_ran(output, *ENDPOINT_OF)
    assert len(requests_of(simulator, "summaries")) == 1


@each_refusal
def test_all_endpoints_refused(simulator: Simulator, status: int) -> None:
    """The key is to blame: every endpoint is asked once, and there is one sentence."""
    refuse(simulator, *set(ENDPOINT_OF.values()), status=status)
    output = read(simulator)
    assert sorted(request.path for request in simulator.requests) == sorted(
        endpoint.path for endpoint in ENDPOINTS.values()
    )
    (sentence,) = output.failures
    assert sentence.startswith("The API refuses this key for every endpoint asked")
    assert "\n" not in sentence
    assert str(status) in sentence
    assert "request id req_" in sentence
    assert all(part in sentence for part in ADVICE)
    assert_failed_at_once(output, *ENDPOINT_OF)
    assert output.error is not None
    assert output.error.exit_code == 1


def test_a_refusal_of_the_second_endpoint_only(simulator: Simulator) -> None:
    """A key that opened the first one is not to blame, however many follow."""
    refuse(simulator, *set(ENDPOINT_OF.values()) - {"summaries"})
    output = read(simulator)
    assert failed_streams(output) == all_but("adoption", "org_summaries")
    assert_ran(output, "adoption", "org_summaries")
    assert len(simulator.requests) == len(ENDPOINTS)


def test_a_failure_that_is_no_refusal_blames_no_key(simulator: Simulator) -> None:
    """Nothing is known of the key if the first endpoint did not answer."""
    simulator.reply("summaries", status=500)
    refuse(simulator, "artifacts", "chat_projects")
    output = read(simulator)
    assert failed_streams(output) == [
        "adoption",
        "artifacts",
        "chat_projects",
        "org_summaries",
    ]
    assert_ran(output, "connectors", "plugins", "skills", "user_summaries")
    assert len(requests_of(simulator, "summaries")) == 9


def test_only_one_stream_selected_and_refused(simulator: Simulator) -> None:
    """That is one endpoint, so the sentence is the stream's."""
    refuse(simulator, "users")
    output = read(simulator, "user_summaries")
    assert failed_streams(output) == ["user_summaries"]
    assert all(part in output.failures[0] for part in ADVICE)


# Other failures


@pytest.mark.parametrize(
    "row", [{}, {"skill_name": None}, {"share_status": "private"}], ids=str
)
def test_a_row_without_its_key(simulator: Simulator, row: dict[str, Any]) -> None:
    """No record goes out without one, and the day is not read."""
    simulator.reply(
        "skills",
        body={"data": [row], "next_page": None},
        when=asked_for("2026-01-02"),
    )
    output = read(simulator)
    assert failed_streams(output) == ["skills"]
    assert "skill_name" in output.failures[0]
    assert output.read_days("skills") == ["2026-01-01"]
    assert "2026-01-02" not in output.by_day("skills")
    assert_ran(output, *all_but("skills"))


def test_a_fault_that_does_not_pass(simulator: Simulator, waits: list[float]) -> None:
    """It is waited for, and then it fails its stream like a refusal."""
    simulator.reply("connectors", status=529, body=error("overloaded"))
    output = read(simulator)
    assert failed_streams(output) == ["connectors"]
    assert '529: "overloaded"' in output.failures[0]
    assert "request id req_" in output.failures[0]
    assert_failed_at_once(output, "connectors")
    assert_ran(output, *all_but("connectors"))
    assert len(waits) == 8


# Days that are not there


UNRELATED = [
    "page: this cursor does not belong to these parameters",
    "data for 2026-01-02 is not available",
    "try again on 2026-01-03",
    "nothing exists before 2025-12-31",
    "",
]


@pytest.mark.parametrize("message", UNRELATED)
def test_a_400_that_names_no_earlier_day(simulator: Simulator, message: str) -> None:
    """It is fatal for its stream, and quoted."""
    simulator.reply("skills", status=400, body=error(message), when=asked_for("2026-01-02"))
    output = read(simulator)
    assert failed_streams(output) == ["skills"]
    assert "status 400" in output.failures[0]
    assert message in output.failures[0]
    assert "request id req_" in output.failures[0]
    assert output.read_days("skills") == ["2026-01-01"]
    assert output.bookmark("skills") == "2026-01-01"
    assert_ran(output, *all_but("skills"))


@pytest.mark.parametrize(
    "message",
    [
        "data for 2026-01-03 is not available yet; the latest available day is 2026-01-02",
        "the latest available day is 2026-01-02 (asked for: 2026-01-03)",
        "latest available day: 2026-01-02",
        "2026-01-01 and 2026-01-02 are complete, 2026-01-03 is not, nor is 2026-01-04",
    ],
)
def test_a_day_that_is_not_there_yet(
    simulator: Simulator, caplog: pytest.LogCaptureFixture, message: str
) -> None:
    """The stream ends before it, with a warning and no failure."""
    simulator.reply("skills", status=400, body=error(message), when=asked_for(LAST))
    with caplog.at_level(logging.INFO):
        output = read(simulator)
    assert output.failures == ()
    assert output.read_days("skills") == ["2026-01-01", "2026-01-02"]
    assert output.bookmark("skills") == "2026-01-02"
    assert len(requests_of(simulator, "skills")) == 3
    assert_ran(output, *all_but("skills"))
    (said,) = [r for r in caplog.records if "only up to 2026-01-02" in r.getMessage()]
    assert said.levelno == logging.WARNING
    assert "skills" in said.getMessage()


@pytest.fixture
def slow_simulator(set_today: Callable[[pendulum.Date], None]) -> Iterator[Simulator]:
    """An API that is five days behind, where the tap expects three."""
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=5, projects=2, delay_days=5)) as running:
        yield running


def test_an_api_that_is_behind(slow_simulator: Simulator) -> None:
    """Every stream ends with the youngest day that there is, and asks once for a later."""
    output = read(slow_simulator, end_date=None)
    assert output.failures == ()
    for stream, endpoint in ENDPOINT_OF.items():
        assert output.bookmark(stream) == "2026-01-12"
        assert len(output.read_days(stream)) == 12
        asked = requests_of(slow_simulator, endpoint)
        assert [request.status for request in asked].count(400) == 1
        if endpoint != "summaries":
            assert asked[-1].params["date"] == ["2026-01-13"]
    assert [request.params for request in requests_of(slow_simulator, "summaries")] == [
        {"starting_date": ["2026-01-01"], "ending_date": ["2026-01-15"]},
        {"starting_date": ["2026-01-01"], "ending_date": ["2026-01-13"]},
    ]


def test_summaries_are_asked_for_once_more_only(simulator: Simulator) -> None:
    """An API that names an earlier day each time would be asked for ever."""
    for end, latest in (("04", "02"), ("03", "01"), ("02", "01")):
        simulator.reply(
            "summaries",
            status=400,
            body=error(f"the latest available day is 2026-01-{latest}"),
            when=ends(f"2026-01-{end}"),
        )
    output = read(simulator, "org_summaries", "adoption")
    assert len(simulator.requests) == 2
    assert_failed_at_once(output, "org_summaries", "adoption")


def ends(day: str) -> Callable[[Request], bool]:
    """Tell requests for summaries up to a day, which is not included."""
    return lambda request: request.params["ending_date"] == [day]


def test_summaries_that_are_refused_the_second_time(simulator: Simulator) -> None:
    """That is a refusal."""
    message = "the latest available day is 2026-01-02"
    simulator.reply("summaries", status=400, body=error(message), times=1)
    refuse(simulator, "summaries")
    output = read(simulator, "org_summaries", "adoption")
    assert failed_streams(output) == ["adoption", "org_summaries"]
    assert len(simulator.requests) == 2
    assert_failed_at_once(output, "org_summaries", "adoption")


def test_summaries_of_which_none_is_there_yet(simulator: Simulator) -> None:
    """If even the first day is too young there is nothing to ask for once more."""
    entry = {"replication_key": "date", "replication_key_value": "2026-01-02"}
    state = {"bookmarks": {"org_summaries": entry, "adoption": entry}}
    message = "the latest available day is 2026-01-02"
    simulator.reply("summaries", status=400, body=error(message))
    output = read(simulator, "org_summaries", "adoption", state=state, lookback_days=0)
    assert output.failures == ()
    assert len(simulator.requests) == 1
    assert output.bookmark("org_summaries") == output.bookmark("adoption") == "2026-01-02"
    assert output.records("readings") == []


def test_a_400_of_summaries_that_names_no_earlier_day(simulator: Simulator) -> None:
    """It is fatal for both streams, and not asked again."""
    message = "ending_date: 2026-01-04 is not available yet"
    simulator.reply("summaries", status=400, body=error(message))
    output = read(simulator)
    assert failed_streams(output) == ["adoption", "org_summaries"]
    assert all(message in sentence for sentence in output.failures)
    assert len(requests_of(simulator, "summaries")) == 1
    assert_ran(output, *all_but("adoption", "org_summaries"))
