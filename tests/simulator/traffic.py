"""Requests and answers, and the script of those that are answered untruly."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import Enum
from functools import cached_property
from typing import Any

from .options import ONE_DAY
from .organization.catalog import locate, template_of


@dataclass(kw_only=True)
class Request:
    """One request, with decoded parameters and lower-case headers.

    Attributes:
        path: The path below the base path; of endpoints elsewhere the whole one.
        status: That of the answer, 0 until it is decided.
        fault: What was made to go wrong with the answer, if anything was.
    """

    method: str = "GET"
    path: str
    params: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    fault: str | None = None

    @property
    def page(self) -> str:
        """The cursor that was sent, empty if none was."""
        return (self.params.get("page") or self.params.get("after_id") or [""])[0]


class Delivery(Enum):
    """How an answer leaves."""

    WHOLE = "at once"
    LATE = "after a long wait"
    DRIPPING = "its body byte by byte"
    RESET = "not at all: the connection is reset"
    RESET_MIDWAY = "up to the middle of its body, where the connection is reset"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes back over the wire.

    A `content-length` larger than the body makes an answer that breaks off. What does not
    come from the API has none of its headers.
    """

    status: int
    body: bytes
    from_api: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE


def as_bytes(body: object) -> bytes:
    """Encode a body: bytes and text as they are, anything else as JSON."""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


class Page:
    """A page, decoded to be changed.

    Attributes:
        rows: What it lists.
        cursor: The name of the field that leads to the next page.
        next: The cursor of the next page, if there is one.
    """

    def __init__(self, answer: Answer) -> None:
        """Decode the answer."""
        self._answer = answer
        self.body: dict[str, Any] = json.loads(answer.body)
        self.rows: list[Any] = self.body.get("summaries", self.body.get("data"))
        self.cursor = "last_id" if "last_id" in self.body else "next_page"
        more = self.body.get("has_more", True)
        self.next: str | None = self.body.get(self.cursor) if more else None

    def saying(self, changes: dict[str, Any]) -> Answer:
        """Give the answer with other fields, and the rows as they are now."""
        return replace(self._answer, body=as_bytes(self.body | changes))

    def leading_to(self, cursor: str) -> Answer:
        """Give the answer with another cursor of the next page."""
        more = {"has_more": True} if "has_more" in self.body else {}
        return self.saying({self.cursor: cursor, **more})


@dataclass(kw_only=True)
class Exchange:
    """One request, and what is needed to make up an answer to it.

    Attributes:
        now: The simulator's clock.
        latest: The youngest day that the simulator has.
        request_id: What the answer names in its header.
        answer: Works the true answer out.
        revise: Takes rows of a day away, for good.
    """

    request: Request
    now: datetime
    latest: date
    request_id: str
    answer: Callable[[], Answer]
    revise: Callable[[date], None]

    @cached_property
    def truth(self) -> Answer:
        """The true answer."""
        return self.answer()

    def page(self) -> Page:
        """Decode the true answer, which is a page."""
        return Page(self.truth)

    def is_good(self) -> bool:
        """Tell whether the true answer is a page."""
        return self.truth.status == 200

    def is_on_a_cursor(self) -> bool:
        """Tell whether a page after the first one is asked for."""
        return bool(self.request.page) and self.is_good()

    def is_last_page(self) -> bool:
        """Tell whether no page follows the one that is asked for."""
        return self.is_good() and not self.page().next

    def is_of_days(self) -> bool:
        """Tell whether days are asked for, and not what is true now."""
        return locate(self.request.path) is None

    def has_rows(self) -> bool:
        """Tell whether the true answer holds rows."""
        return self.is_good() and bool(self.page().rows)

    def is_later_than(self, day: date) -> bool:
        """Tell whether a first page is asked for, of a day after this one."""
        is_first = self.is_good() and self.is_of_days() and not self.request.page
        return is_first and self.last_day() > day

    def last_day(self) -> date:
        """Give the youngest day of a question that is right."""
        params = self.request.params
        if "date" in params:
            return date.fromisoformat(params["date"][0])
        for name in ("ending_date", "ending_at"):
            if name in params:
                return date.fromisoformat(params[name][0][:10]) - ONE_DAY
        return self.latest

    def day(self) -> date:
        """Give the day of the first row of the true answer, or else the first one asked.

        What is true now is of today.
        """
        if not self.is_of_days():
            return self.now.date()
        names = ("date", "starting_date", "starting_at")
        asked = [self.request.params.get(name, [None])[0] for name in names]
        told = [row.get("starting_at") for row in self.page().rows[:1]]
        return date.fromisoformat(next(filter(None, [*told, *asked]))[:10])


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way to answer otherwise, to requests that it fits."""

    name: str
    answer: Callable[[Exchange], Answer]
    fits: Callable[[Exchange], bool] = lambda _: True


@dataclass(kw_only=True)
class Selection:
    """Which of the requests that fit are meant; without any of these, all are.

    Attributes:
        path: Only those to this path, in which an id may be left open.
        when: Only those for which this is true.
        nth: The nth of them only, counted from 1.
        since: The nth of them and all after it.
        share: This share of them, at random.
        seed: Of the randomness.
        times: At most so many.
    """

    path: str | None = None
    when: Callable[[Request], bool] = lambda _: True
    nth: int | None = None
    since: int = 1
    share: float = 1.0
    seed: int = 0
    times: int | None = None

    def __post_init__(self) -> None:
        """Start to count."""
        self._random = random.Random(self.seed)
        self._count = 0

    def take(self, faults: tuple[Fault, ...], exchange: Exchange) -> Fault | None:
        """Choose the fault that befalls a request, if it is one of those meant."""
        request = exchange.request
        paths = {None, request.path, template_of(request.path)}
        if self.times == 0 or self.path not in paths or not self.when(request):
            return None
        possible = [fault for fault in faults if fault.fits(exchange)]
        if not possible:
            return None
        self._count += 1
        is_meant = self._count >= self.since and self.nth in {None, self._count}
        if not is_meant or self._random.random() >= self.share:
            return None
        if self.times is not None:
            self.times -= 1
        return self._random.choice(possible)
