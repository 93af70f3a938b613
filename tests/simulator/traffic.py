"""Requests and answers, and the script of those that are answered untruly."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from .organization.catalog import template_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime


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


class Delivery(Enum):
    """How an answer leaves."""

    WHOLE = "at once"
    LATE = "after a long wait"
    DRIPPING = "its body byte by byte"
    RESET = "not at all: the connection is reset"
    RESET_MIDWAY = "up to the middle of its body, where the connection is reset"
    REFUSED = "not at all: the connection is reset, and new ones are refused for a moment"


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


@dataclass(frozen=True, kw_only=True)
class Act:
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
        nth: The nth of them, counted from 1; with `every`, the first that is meant.
        every: Each kth of them; 1 for all, from the nth on.
        share: This share of them, at random.
        seed: Of the randomness.
        times: At most so many.
    """

    path: str | None = None
    when: Callable[[Request], bool] | None = None
    nth: int | None = None
    every: int | None = None
    share: float = 1.0
    seed: int = 0
    times: int | None = None

    def __post_init__(self) -> None:
        """Start to count."""
        self._random = random.Random(self.seed)
        self._count = 0

    def take(self, acts: tuple[Act, ...], exchange: Exchange) -> Act | None:
        """Choose the act that befalls a request, if it is one of those meant."""
        if self.times == 0 or not self._counts(exchange.request):
            return None
        possible = [act for act in acts if act.fits(exchange)]
        if not possible:
            return None
        self._count += 1
        if not self._means(self._count) or self._random.random() >= self.share:
            return None
        if self.times is not None:
            self.times -= 1
        return self._random.choice(possible)

    def _counts(self, request: Request) -> bool:
        return self.path in {None, request.path, template_of(request.path)} and (
            self.when is None or self.when(request)
        )

    def _means(self, count: int) -> bool:
        """Tell whether the request that fits as the count-th one is meant."""
        if self.every is None:
            return self.nth in {None, count}
        first = self.every if self.nth is None else self.nth
        return count >= first and (count - first) % self.every == 0
