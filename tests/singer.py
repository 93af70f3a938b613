"""Run the tap in this process and look at the Singer messages it writes."""

import contextlib
import io
import json
import logging
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from logging.handlers import BufferingHandler
from typing import Any, TypeAlias

import msgspec
from typing_extensions import Self

from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.simulator import Simulator

Message: TypeAlias = dict[str, Any]
#: What the fixtures `organization` and `set_today` are.
Organize: TypeAlias = "Callable[..., Simulator]"
SetToday: TypeAlias = "Callable[..., None]"


class Output:
    """The messages of one run, in order, and the error it ended with if it did."""

    def __init__(
        self,
        lines: Iterable[str],
        error: RunFailedError | None = None,
        log: Iterable[logging.LogRecord] = (),
    ) -> None:
        """Parse the lines; numbers with a fraction become Decimal, as written."""
        self.messages = [json.loads(line, parse_float=Decimal) for line in lines]
        self.error = error
        self.log = [*log]

    def before(self, index: int) -> Self:
        """What a target has got when the run is killed at a message."""
        part = type(self)(())
        part.messages = self.messages[:index]
        return part

    @property
    def failures(self) -> tuple[str, ...]:
        """The sentences that the run ended with."""
        return self.error.sentences if self.error else ()

    @property
    def logged(self) -> list[str]:
        """What the run logged at INFO or above."""
        return [record.getMessage() for record in self.log]

    @property
    def warnings(self) -> list[str]:
        """What the run warned of."""
        return [r.getMessage() for r in self.log if r.levelno == logging.WARNING]

    @property
    def failure(self) -> str:
        """The only sentence that the run ended with, one line long."""
        (sentence,) = self.failures
        assert "\n" not in sentence
        return sentence

    @property
    def failed(self) -> list[str]:
        """The streams that the sentences are about, in order."""
        assert all(sentence.startswith("Stream ") for sentence in self.failures)
        return [sentence.split()[1] for sentence in self.failures]

    def records(self, stream: str) -> list[Message]:
        """The records of a stream, in order."""
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    def by_day(self, stream: str) -> dict[str, list[Message]]:
        """The records of a stream under the day each of them names."""
        days: dict[str, list[Message]] = {}
        for record in self.records(stream):
            days.setdefault(record["date"], []).append(record)
        return days

    @property
    def schemas(self) -> dict[str, Message]:
        """The SCHEMA message of each stream."""
        return {m["stream"]: m for m in self.messages if m["type"] == "SCHEMA"}

    @property
    def states(self) -> list[Message]:
        """The values of the STATE messages, in order."""
        return [m["value"] for m in self.messages if m["type"] == "STATE"]

    @property
    def state(self) -> Message:
        """The last state."""
        return self.states[-1]

    def bookmark(self, stream: str) -> str | None:
        """The day that the last state names for a stream."""
        value = self.state["bookmarks"].get(stream, {}).get("replication_key_value")
        return None if value is None else str(value)

    def read_days(self, stream: str) -> list[str]:
        """The days of a stream that `readings` calls read, in order."""
        return [r["date"] for r in self.records("readings") if r["stream"] == stream]


def page_of(*rows: Any) -> Message:
    """Return an answer that is one page."""
    return {"data": rows, "next_page": None}


def error_of(message: str, **others: str) -> Message:
    """Return the body of a refusal."""
    return {"type": "error", "error": {"message": message, **others}}


def state_at(bookmark: str | None, *streams: str) -> Message:
    """Return a state in which these streams have this bookmark."""
    entry = {"replication_key": "date", "replication_key_value": bookmark}
    return {"bookmarks": {stream: dict(entry) for stream in streams}}


def merged(old: Output, new: Output) -> Message:
    """Return the state of two runs as Meltano merges it: key by key."""
    one, other = old.state["bookmarks"], new.state["bookmarks"]
    streams = {**one, **other}
    return {"bookmarks": {s: {**one.get(s, {}), **other.get(s, {})} for s in streams}}


def config_for(simulator: Simulator, **settings: object) -> dict[str, Any]:
    """Return a configuration that points at the simulator; days may be dates."""
    return {
        "api_url": simulator.url,
        "api_key": simulator.options.api_key,
        "requests_per_minute": 10_000,
        "max_parallel_requests": 1,
        **{n: str(v) if isinstance(v, date) else v for n, v in settings.items()},
    }


def catalog_of(*streams: str) -> dict[str, Any]:
    """Return the discovered catalog with just these streams selected."""
    catalog: dict[str, Any] = msgspec.json.decode(_discovered())
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            if not metadata["breadcrumb"]:
                metadata["metadata"]["selected"] = entry["stream"] in streams
    return catalog


@cache
def _discovered() -> bytes:
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    return msgspec.json.encode(tap.catalog_dict)


def run(
    simulator: Simulator,
    *streams: str,
    state: Message | None = None,
    catalog: dict[str, Any] | None = None,
    **settings: object,
) -> Output:
    """Run the tap against the simulator; without streams, with all of them."""
    if streams:
        # To copy the schemas of all streams takes the SDK long.
        entries = catalog_of(*streams)["streams"]
        catalog = {"streams": [entry for entry in entries if entry["stream"] in streams]}
    tap = TapClaudeAnalytics(
        config=config_for(simulator, **settings),
        catalog=catalog,
        state=json.loads(json.dumps(state or {})),
    )
    buffer, error = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), None
    log, level = BufferingHandler(10**6), logging.root.level
    logging.root.addHandler(log)
    logging.root.setLevel(min(level, logging.INFO))
    with contextlib.redirect_stdout(buffer):
        try:
            tap.sync_all()
        except RunFailedError as failed:
            error = failed
        finally:
            logging.root.removeHandler(log)
            logging.root.setLevel(level)
    buffer.seek(0)
    return Output(buffer.read().split("\n")[:-1], error, log.buffer)
