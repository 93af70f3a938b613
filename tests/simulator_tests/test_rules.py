"""The simulator's own behaviour: rules, refusals, cursors, generations, edits, process."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.simulator import BASE_PATH, ENDPOINTS, FLOOR, Endpoint, Options, Simulator
from tests.simulator_tests.asking import get, kept_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[..., requests.Response]

TODAY = date(2026, 10, 8)
LATEST = date(2026, 10, 7)
DAY = "2026-10-06"

each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)
DAILY = [endpoint for endpoint in ENDPOINTS.values() if endpoint.paginated]
each_daily = pytest.mark.parametrize(
    "endpoint", DAILY, ids=[endpoint.name for endpoint in DAILY]
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Run an organisation on a fixed day, only to be asked."""
    with Simulator(Options(today=TODAY)) as running:
        yield running


@pytest.fixture
def fresh() -> Iterator[Simulator]:
    """Run one to be edited, moved and scripted."""
    with Simulator(Options(today=TODAY)) as running:
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Keep connections alive."""
    with kept_session() as kept:
        yield kept


@pytest.fixture(scope="module")
def ask(simulator: Simulator, session: requests.Session) -> Ask:
    """Ask with the right key, unless other headers are given."""
    return asker(simulator, session)


def asker(simulator: Simulator, session: requests.Session) -> Ask:
    """Make the function that asks a simulator."""

    def ask(
        path: str, headers: dict[str, str] | None = None, **params: object
    ) -> requests.Response:
        if headers is None:
            headers = {"x-api-key": simulator.options.api_key}
        return get(simulator, session, path, headers, params)

    return ask


def days_of(endpoint: Endpoint) -> dict[str, str]:
    """Give the parameters for one day."""
    if "date" in endpoint.parameters:
        return {"date": DAY}
    return {"starting_date": DAY, "ending_date": LATEST.isoformat()}


def refusal(response: requests.Response, status: int, kind: str) -> str:
    """Check the shape of a refusal and give its sentence."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body.keys() == {"type", "error", "request_id"}
    assert body["type"] == "error"
    assert body["error"].keys() == {"type", "message"}
    assert body["error"]["type"] == kind
    assert body["request_id"] == response.headers["request-id"]
    return str(body["error"]["message"])


def bad(response: requests.Response) -> str:
    """Check that a parameter was refused and give the sentence."""
    return refusal(response, 400, "invalid_request_error")


def all_pages(ask: Ask, path: str, **params: object) -> list[list[dict[str, Any]]]:
    """Follow the cursor to its end."""
    pages = []
    cursor: dict[str, str] = {}
    while True:
        body = ask(path, **params, **cursor).json()
        pages.append(body["data"])
        if body["next_page"] is None:
            return pages
        cursor = {"page": body["next_page"]}


@each_endpoint
def test_a_day_is_answered_with_its_rows(
    simulator: Simulator, ask: Ask, endpoint: Endpoint
) -> None:
    """One day comes as the truth has it, in JSON, with a request id."""
    response = ask(endpoint.path, limit=1000, **days_of(endpoint))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["request-id"].startswith("req_")
    rows = simulator.truth(endpoint.name, date.fromisoformat(DAY))
    assert rows
    assert response.json() == {"data": rows, "next_page": None}


# --- Access -------------------------------------------------------------------------


def test_both_ways_to_send_the_key(simulator: Simulator, ask: Ask) -> None:
    """The documented header and the bearer token of the official package both work."""
    key = simulator.options.api_key
    assert ask("users", {"x-api-key": key}, date=DAY).ok
    assert ask("users", {"Authorization": f"Bearer {key}"}, date=DAY).ok


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-api-key": "sk-ant-api01-other"}, {"Authorization": "Bearer wrong"}],
    ids=["none", "wrong", "wrong bearer"],
)
@each_endpoint
def test_without_the_key_nothing_is_there(
    ask: Ask, endpoint: Endpoint, headers: dict[str, str]
) -> None:
    """Engagement endpoints hide from strangers."""
    refusal(ask(endpoint.path, headers, **days_of(endpoint)), 404, "not_found_error")


@each_endpoint
def test_an_admin_key_is_told_which_scope_it_lacks(ask: Ask, endpoint: Endpoint) -> None:
    """A key of the wrong kind is refused for what it is."""
    response = ask(endpoint.path, {"x-api-key": "sk-ant-admin01-key"})
    assert "read:analytics" in refusal(response, 403, "permission_error")


def test_unknown_path(ask: Ask) -> None:
    """There is nothing but the endpoints."""
    refusal(ask("teams", date=DAY), 404, "not_found_error")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_get(simulator: Simulator, session: requests.Session, method: str) -> None:
    """Other methods are refused, and the connection is not confused by their bodies."""
    url = f"{simulator.url}{BASE_PATH}users"
    response = session.request(method, url, data=b"{}", timeout=10)
    refusal(response, 405, "invalid_request_error")
    refusal(session.get(url, timeout=10), 404, "not_found_error")


# --- Parameters ---------------------------------------------------------------------


@each_endpoint
def test_unknown_and_repeated_parameters(ask: Ask, endpoint: Endpoint) -> None:
    """A parameter nobody knows, or one given twice, is refused by name."""
    assert "colour" in bad(ask(endpoint.path, colour="red", **days_of(endpoint)))
    assert "limit" in bad(ask(endpoint.path, limit=[1, 2], **days_of(endpoint)))


@each_endpoint
@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "", "1.0", "٣"])
def test_limit_is_from_1_to_1000(ask: Ask, endpoint: Endpoint, limit: str) -> None:
    """A limit outside of the bounds is refused."""
    assert "limit" in bad(ask(endpoint.path, limit=limit, **days_of(endpoint)))


@each_endpoint
@pytest.mark.parametrize(
    "day", ["2026-9-01", "20260901", "2026-02-30", "", "x", "2026-W10-1"]
)
def test_dates_have_one_form(ask: Ask, endpoint: Endpoint, day: str) -> None:
    """Only YYYY-MM-DD of a day that exists is a date."""
    name = next(iter(days_of(endpoint)))
    assert name in bad(ask(endpoint.path, **{name: day}))


@each_endpoint
def test_nothing_before_the_floor(ask: Ask, endpoint: Endpoint) -> None:
    """The first day is there, the one before it is refused."""
    name = next(iter(days_of(endpoint)))
    assert "2026-01-01" in bad(ask(endpoint.path, **{name: "2025-12-31"}))
    assert ask(endpoint.path, **{name: "2026-01-01"}).ok


@each_endpoint
@pytest.mark.parametrize("delay", [0, 1, 3])
def test_a_day_that_is_not_there_yet(
    session: requests.Session, endpoint: Endpoint, delay: int
) -> None:
    """The refusal names the day asked for and the latest there is, which is answered."""
    name = next(iter(days_of(endpoint)))
    with Simulator(Options(today=TODAY, delay_days=delay)) as simulator:
        ask = asker(simulator, session)
        latest = TODAY - timedelta(days=delay)
        early = latest + timedelta(days=1)
        message = bad(ask(endpoint.path, **{name: early.isoformat()}))
        assert re.findall(r"\d{4}-\d{2}-\d{2}", message) == [str(early), str(latest)]
        assert ask(endpoint.path, **{name: latest.isoformat()}).ok


@each_daily
def test_one_day_or_a_range(ask: Ask, endpoint: Endpoint) -> None:
    """Date and range exclude each other, and one is needed."""
    path = endpoint.path
    assert "date" in bad(ask(path))
    assert "not both" in bad(ask(path, date=DAY, starting_date=DAY))
    assert "not both" in bad(ask(path, date=DAY, ending_date=DAY))
    assert "only valid with starting_date" in bad(ask(path, ending_date=DAY))


def test_summaries_are_a_series_with_an_exclusive_end(
    simulator: Simulator, ask: Ask
) -> None:
    """The end itself is left out; without one, the series goes as far as there is data."""
    first, last = date(2026, 9, 30), date(2026, 10, 3)
    asked = ask("summaries", starting_date=first, ending_date=last).json()["data"]
    assert [row["starting_at"][:10] for row in asked] == [
        "2026-09-30",
        "2026-10-01",
        "2026-10-02",
    ]
    assert asked[1] == simulator.truth("summaries", date(2026, 10, 1))[0]
    rest = ask("summaries", starting_date=last, limit=1).json()
    assert rest["data"][-1]["starting_at"] == "2026-10-07T00:00:00Z"
    assert len(rest["data"]) == 5
    assert rest["next_page"] is None


def test_range_of_summaries(fresh: Simulator, session: requests.Session) -> None:
    """A range needs a start, some length, at most 366 days, and data to its end."""
    ask = asker(fresh, session)
    assert "starting_date" in bad(ask("summaries"))
    assert "starting_date" in bad(ask("summaries", ending_date=DAY))
    assert "later" in bad(ask("summaries", starting_date=DAY, ending_date=DAY))
    message = bad(ask("summaries", starting_date=DAY, ending_date="2026-10-09"))
    assert re.findall(r"\d{4}-\d{2}-\d{2}", message) == ["2026-10-09", "2026-10-07"]
    assert ask("summaries", starting_date=DAY, ending_date=TODAY).ok
    fresh.today = date(2027, 6, 1)
    longest = ask("summaries", starting_date="2026-01-01", ending_date="2027-01-02")
    assert len(longest.json()["data"]) == 366
    message = bad(ask("summaries", starting_date="2026-01-01", ending_date="2027-01-03"))
    assert "366" in message


@each_daily
def test_order(simulator: Simulator, ask: Ask, endpoint: Endpoint) -> None:
    """Names go up and metrics down, unless told otherwise; no other field has an order."""
    truth = simulator.truth(endpoint.name, date.fromisoformat(DAY))
    name, *metrics = endpoint.sortable
    assert ask(endpoint.path, date=DAY, order_by=name).json()["data"] == truth
    for metric in metrics:
        rows = ask(endpoint.path, date=DAY, order_by=metric).json()["data"]
        values = [row[metric] for row in rows if row[metric] is not None]
        assert values == sorted(values, reverse=True)
        up = ask(endpoint.path, date=DAY, order_by=metric, order="asc").json()["data"]
        assert [row[metric] for row in up if row[metric] is not None] == values[::-1]
    assert "order" in bad(ask(endpoint.path, date=DAY, order="up"))
    assert "order_by" in bad(ask(endpoint.path, date=DAY, order_by="colour"))


@each_endpoint
def test_rules_of_filters(ask: Ask, endpoint: Endpoint) -> None:
    """A filter is a known dimension, a colon and an allowed value; at most 100 of them."""
    days = days_of(endpoint)
    for wrong in ("user_id", "user_id:", "colour:red", ":x"):
        assert "filter[]" in bad(ask(endpoint.path, filter__=wrong, **days))
    for dimension, allowed in endpoint.filters.items():
        refused = ask(endpoint.path, filter__=f"{dimension}:colour", **days)
        assert refused.status_code == (400 if allowed else 200)
    many = ["rbac_group_id:x"] * 101
    assert "100" in bad(ask(endpoint.path, filter__=many, **days))


def test_filters_narrow(simulator: Simulator, ask: Ask) -> None:
    """Entries of one dimension add up, dimensions narrow each other."""
    truth = simulator.truth("skills", date.fromisoformat(DAY))
    private = [row for row in truth if row["share_status"] == "private"]
    asked = ask("skills", date=DAY, filter__="share_status:private")
    assert asked.json()["data"] == private
    names = [row["skill_name"] for row in truth[:3]]
    entries = [f"skill_name:{name.upper()}" for name in names]
    assert ask("skills", date=DAY, filter__=entries).json()["data"] == truth[:3]
    both = [*entries, "share_status:private"]
    assert ask("skills", date=DAY, filter__=both).json()["data"] == [
        row for row in private if row["skill_name"] in names
    ]
    shared = ask("artifacts", date=DAY, filter__="is_shared:true").json()["data"]
    assert {row["is_shared"] for row in shared} == {True}
    assert "share_status" in bad(ask("skills", date=DAY, filter__="share_status:no"))


@each_endpoint
def test_groups_are_checked(ask: Ask, endpoint: Endpoint) -> None:
    """What cannot be grouped by is refused."""
    days = days_of(endpoint)
    assert "group_by[]" in bad(ask(endpoint.path, group_by__="colour", **days))


# --- Pages --------------------------------------------------------------------------


@each_daily
def test_pages_hold_every_row_once(
    simulator: Simulator, ask: Ask, endpoint: Endpoint
) -> None:
    """Pages of the size asked for, no empty one at the end."""
    truth = simulator.truth(endpoint.name, date.fromisoformat(DAY))
    for limit in (1, 3, len(truth), 1000):
        pages = all_pages(ask, endpoint.path, date=DAY, limit=limit)
        assert [row for page in pages for row in page] == truth
        assert {len(page) for page in pages[:-1]} <= {limit}
        assert 0 < len(pages[-1]) <= limit


def test_default_page_has_100_rows(session: requests.Session) -> None:
    """Without a limit, a page ends after 100 rows."""
    with Simulator(Options(users=400, today=TODAY)) as simulator:
        body = asker(simulator, session)("users", date=DAY).json()
    assert len(body["data"]) == 100
    assert body["next_page"]


def test_a_cursor_belongs_to_its_parameters(ask: Ask) -> None:
    """Another day, limit, order or endpoint needs a cursor of its own."""
    cursor = ask("users", date=DAY, limit=5).json()["next_page"]
    assert ask("users", date=DAY, limit=5, page=cursor).ok
    for other in (
        {"date": "2026-10-05", "limit": 5},
        {"date": DAY, "limit": 6},
        {"date": DAY, "limit": 5, "order": "desc"},
    ):
        message = bad(ask("users", page=cursor, **other))
        assert "does not belong" in message
    assert "does not belong" in bad(ask("skills", date=DAY, limit=5, page=cursor))
    for nonsense in ("x", "", "é", "W10", cursor[:-4]):
        assert "page" in bad(ask("users", date=DAY, limit=5, page=nonsense))


@pytest.mark.parametrize("path", ["summaries", "artifacts"])
def test_whole_answers_have_no_cursor(ask: Ask, path: str) -> None:
    """What comes whole ignores the limit and knows no cursor."""
    days = days_of(ENDPOINTS[path])
    whole = ask(path, **days).json()
    assert ask(path, limit=1, **days).json() == whole
    assert whole["next_page"] is None
    cursor = ask("users", date=DAY, limit=5).json()["next_page"]
    assert "page" in bad(ask(path, page=cursor, **days))


def test_an_empty_page_may_come_anywhere(session: requests.Session) -> None:
    """Empty pages come first, between and last, and no row is lost to them."""
    places: Counter[str] = Counter()
    with Simulator(Options(today=TODAY, empty_page_every=1)) as simulator:
        ask = asker(simulator, session)
        for offset in range(14):
            day = date(2026, 9, 14) + timedelta(days=offset)
            pages = all_pages(ask, "users", date=day, limit=10)
            truth = simulator.truth("users", day)
            assert [row for page in pages for row in page] == truth
            empty = pages.index([])
            last = empty == len(pages) - 1
            places["first" if not empty else "last" if last else "between"] += 1
            assert all_pages(ask, "users", date=day, limit=10) == pages
    assert places.keys() == {"first", "between", "last"}


# --- Generations --------------------------------------------------------------------


def test_generations(simulator: Simulator, ask: Ask) -> None:
    """The older generation wraps summaries otherwise; one nobody knows is refused."""
    row = simulator.truth("summaries", date.fromisoformat(DAY))
    key = {"x-api-key": simulator.options.api_key}
    days = days_of(ENDPOINTS["summaries"])
    newer = {"data": row, "next_page": None}
    for version, expected in (
        ({}, newer),
        ({"anthropic-version": "2026-10-21"}, newer),
        ({"anthropic-version": "2023-06-01"}, {"summaries": row}),
    ):
        assert ask("summaries", key | version, **days).json() == expected
    older = key | {"anthropic-version": "2023-06-01"}
    assert ask("users", older, date=DAY).json().keys() == {"data", "next_page"}
    unknown = key | {"anthropic-version": "2025-01-01"}
    assert "anthropic-version" in bad(ask("users", unknown, date=DAY))


@pytest.mark.parametrize("force", [False, True])
def test_generation_by_option(session: requests.Session, *, force: bool) -> None:
    """The option says what no header means, and on demand overrules the header."""
    options = Options(today=TODAY, generation="2023-06-01", force_generation=force)
    days = days_of(ENDPOINTS["summaries"])
    with Simulator(options) as simulator:
        ask = asker(simulator, session)
        key = {"x-api-key": options.api_key}
        assert "summaries" in ask("summaries", key, **days).json()
        today = key | {"anthropic-version": "2026-10-21"}
        assert ("summaries" in ask("summaries", today, **days).json()) is force


def test_generation_that_never_was() -> None:
    """An option nobody can answer in is refused at once."""
    with pytest.raises(ValueError, match="generation"):
        Options(generation="2024-01-01")


# --- Tools for tests ----------------------------------------------------------------


def test_edits_compose_and_show(fresh: Simulator, session: requests.Session) -> None:
    """Days can be revised, and each edit sees the one before; other days stay."""
    ask = asker(fresh, session)
    day = date.fromisoformat(DAY)
    before, other = fresh.truth("users", day), fresh.truth("users", LATEST)
    assert ask("users", date=DAY).json()["data"] == before

    def revise(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row | {"web_search_count": row["web_search_count"] + 1} for row in rows]

    fresh.edit("users", day, revise)
    fresh.edit("users", day, revise)
    fresh.edit("users", day, lambda rows: rows[1:])
    after = fresh.truth("users", day)
    assert [row["web_search_count"] for row in after] == [
        row["web_search_count"] + 2 for row in before[1:]
    ]
    assert ask("users", date=DAY).json()["data"] == after
    fresh.edit("users", day, lambda _: [])
    assert ask("users", date=DAY).json() == {"data": [], "next_page": None}
    assert fresh.truth("users", LATEST) == other


def test_truth_belongs_to_the_caller(simulator: Simulator) -> None:
    """Spoiling what was handed out spoils nothing else."""
    day = date.fromisoformat(DAY)
    simulator.truth("users", day)[0]["chat_metrics"].clear()
    assert simulator.truth("users", day)[0]["chat_metrics"]
    assert simulator.truth("users", FLOOR - timedelta(days=1)) == []
    with pytest.raises(KeyError, match="seats"):
        simulator.truth("seats", day)


def test_the_clock_moves(fresh: Simulator, session: requests.Session) -> None:
    """Moving the clock makes days available; without one, it is the real day."""
    ask = asker(fresh, session)
    assert fresh.today == TODAY
    bad(ask("users", date=TODAY))
    fresh.today = TODAY + timedelta(days=1)
    assert ask("users", date=TODAY).ok
    before = datetime.now(timezone.utc).date()
    assert before <= Simulator().today <= datetime.now(timezone.utc).date()


def test_requests_are_recorded(fresh: Simulator, session: requests.Session) -> None:
    """Every request is there, refused ones too, in order and decoded."""
    ask = asker(fresh, session)
    ask("apps/chat/projects", date=DAY, filter__=["project_id:a b", "project_id:ü"])
    ask("users", {}, date=DAY)
    first, second = fresh.requests
    assert first.path == "apps/chat/projects"
    assert first.params == {
        "date": [DAY],
        "filter[]": ["project_id:a b", "project_id:ü"],
    }
    assert first.headers["x-api-key"] == fresh.options.api_key
    assert (first.status, second.status) == (200, 404)


def test_dictated_answers(fresh: Simulator, session: requests.Session) -> None:
    """Answers can be dictated, a number of times or for ever, for some requests or all."""
    ask = asker(fresh, session)
    fresh.reply("users", status=429, body={"a": 1}, headers={"Retry-After": "2"}, times=2)
    fresh.reply("chat_projects", body="[", when=lambda asked: "page" in asked.params)
    fresh.reply("skills", status=529, body=b"\xff")
    for _ in range(2):
        refused = ask("users", {})
        assert refused.status_code == 429
        assert refused.json() == {"a": 1}
        assert refused.headers["retry-after"] == "2"
        assert refused.headers["request-id"]
    assert ask("users", date=DAY).ok
    assert ask("apps/chat/projects", date=DAY).json()["data"]
    assert ask("apps/chat/projects", date=DAY, page="x").text == "["
    assert {ask("skills").content for _ in range(3)} == {b"\xff"}
    assert [asked.status for asked in fresh.requests][:2] == [429, 429]


def test_an_answer_that_breaks_off(fresh: Simulator, session: requests.Session) -> None:
    """Half a body can be dictated, and the next request is answered again."""
    ask = asker(fresh, session)
    headers = {"Content-Length": "100"}
    fresh.reply("users", body='{"data"', headers=headers, times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask("users", date=DAY)
    assert ask("users", date=DAY).ok


def test_a_client_that_hangs_up_is_no_news(
    fresh: Simulator, session: requests.Session, capfd: pytest.CaptureFixture[str]
) -> None:
    """A client may leave before its answer; others are answered as ever."""
    fresh.reply("users", body=b"x" * 10_000_000, times=1)
    address = fresh.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1]))) as connection:
        connection.sendall(f"GET {BASE_PATH}users HTTP/1.1\r\n\r\n".encode())
        assert connection.recv(100)
    assert asker(fresh, session)("users", date=DAY).ok
    fresh.__exit__(None, None, None)
    assert capfd.readouterr() == ("", "")


def test_nothing_is_left_behind(session: requests.Session) -> None:
    """Leaving closes connections that clients keep alive, and ends every thread."""
    before = set(threading.enumerate())
    with Simulator(Options(today=TODAY)) as simulator:
        assert asker(simulator, session)("users", date=DAY).ok
        url = simulator.url
    assert set(threading.enumerate()) <= before
    with pytest.raises(requests.ConnectionError):
        session.get(url, timeout=10)
    with pytest.raises(RuntimeError, match="with"):
        _ = simulator.url


def test_many_at_once(fresh: Simulator, session: requests.Session) -> None:
    """Threads ask at the same time and get what each asked for."""
    ask = asker(fresh, session)
    days = [LATEST - timedelta(days=offset) for offset in range(12)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda day: ask("users", date=day).json(), days))
    for day, answer in zip(days, answers, strict=True):
        assert answer["data"] == fresh.truth("users", day)
    assert len(fresh.requests) == len(days)


# --- Data ---------------------------------------------------------------------------


def test_the_seed_decides() -> None:
    """Two of one seed agree, in whatever order they are asked; another seed differs."""
    days = [FLOOR + timedelta(days=offset) for offset in range(0, 300, 23)]
    one, same, other = (Simulator(Options(seed=seed, today=TODAY)) for seed in (1, 1, 2))
    for name in ENDPOINTS:
        rows = {day: one.truth(name, day) for day in days}
        assert {day: same.truth(name, day) for day in reversed(days)} == dict(
            reversed(rows.items())
        )
        assert {day: other.truth(name, day) for day in days} != rows


def test_summaries_count_the_users() -> None:
    """Active users are those with a row, weeks and months the unions of their days."""
    simulator = Simulator(Options(today=TODAY))

    def active(last: date, days: int, block: str | None = None) -> int:
        back = [last - timedelta(days=offset) for offset in range(days)]
        rows = [row for day in back for row in simulator.truth("users", day)]
        if block:
            rows = [row for row in rows if row[block]["message_count"]]
        return len({row["user"]["id"] for row in rows})

    for day in (date(2026, 5, 3), date(2026, 9, 15)):
        (row,) = simulator.truth("summaries", day)
        for period, length in (("daily", 1), ("weekly", 7), ("monthly", 30)):
            count = row[f"{period}_active_user_count"]
            assert count == active(day, length)
            rate = round(100 * count / row["assigned_seat_count"], 2)
            assert row[f"{period}_adoption_rate"] == rate
            cowork = row[f"cowork_{period}_active_user_count"]
            assert cowork == active(day, length, "cowork_metrics")
        # Unified counts 28 days as a month, and has its messages one level lower.
        month = [day - timedelta(days=offset) for offset in range(28)]
        unified = {
            user["user"]["id"]
            for past in month
            for user in simulator.truth("users", past)
            if (block := user.get("chat_cowork_unified_metrics"))
            and block["chat"]["message_count"]
        }
        count = row.get("chat_cowork_unified_monthly_active_user_count", 0)
        assert count == len(unified)


def test_it_looks_like_a_company() -> None:
    """Weeks have a rhythm, people come and go, some days have no plugins, names repeat."""
    simulator = Simulator(Options(today=TODAY))
    days = [FLOOR + timedelta(days=offset) for offset in range(280)]
    people = {
        day: {row["user"]["id"] for row in simulator.truth("users", day)} for day in days
    }
    working = [len(people[day]) for day in days if day.weekday() < 4]
    sundays = [len(people[day]) for day in days if day.weekday() == 6]
    assert sum(sundays) / len(sundays) < sum(working) / len(working) / 3
    spring, autumn = days[20:80], days[-60:]
    assert sum(len(people[day]) for day in spring) < sum(len(people[day]) for day in autumn)
    early = set().union(*(people[day] for day in spring))
    late = set().union(*(people[day] for day in autumn))
    assert early - late
    assert late - early
    plugins = [simulator.truth("plugins", day) for day in days]
    assert sum(not rows for rows in plugins) > 50
    nameless = [
        [row["plugin_name"] for row in rows if row["plugin_id"] is None] for rows in plugins
    ]
    assert any(len(set(names)) < len(names) for names in nameless)
    assert any("third-party" in names for names in nameless)
    for rows in plugins:
        assert all(row not in rows[:place] for place, row in enumerate(rows))


def test_an_organisation_without_optional_blocks() -> None:
    """What may be left out is left out."""
    simulator = Simulator(Options(today=TODAY, optional_blocks=False))
    day = date.fromisoformat(DAY)
    names = {name for row in simulator.truth("users", day) for name in row}
    assert not names & {
        "chat_cowork_unified_metrics",
        "claude_tag_metrics",
        "last_activity_date",
    }
    assert "chat_daily_active_user_count" not in simulator.truth("summaries", day)[0]
    assert simulator.truth("users", day)


@pytest.mark.parametrize("size", [0, 1])
def test_the_smallest_organisations(size: int) -> None:
    """Hardly anybody is no reason to fail."""
    nobody = Options(users=size, projects=size, skills=size, connectors=size, plugins=size)
    simulator = Simulator(nobody)
    for name in ENDPOINTS:
        rows = simulator.truth(name, date.fromisoformat(DAY))
        assert size or name == "summaries" or rows == []


def test_a_day_of_500_users_is_quick() -> None:
    """A large organisation does not slow a test down."""
    simulator = Simulator(Options(users=500, today=TODAY))
    day = date.fromisoformat(DAY)
    durations = []
    for _ in range(5):
        start = time.perf_counter()
        assert len(simulator.truth("users", day)) > 200
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.05
