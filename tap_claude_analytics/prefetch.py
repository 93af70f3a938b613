"""Parts of the work fetched ahead and in parallel, and handed over in their order."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from typing_extensions import Self

from tap_claude_analytics import clock, threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pendulum

#: Bytes that wait as they came, before others are packed or not asked for yet.
LOOSE_BYTES = 4 * 2**20
#: Bytes that wait packed while the part whose turn it is still comes in.
PACKED_BYTES = 24 * 2**20
#: Seconds after which those who wait look again: the reader whether a signal has come, the
#: others whether they are wanted still.
_LOOK_AGAIN = 0.5
#: Seconds that the reader waits before the others go on as if it waited for the network.
_SOON = 0.01


class Item(Protocol):
    """What is fetched: something that can wait in less space."""

    @property
    def size(self) -> int:
        """How many bytes it holds."""

    def packed(self) -> Self:
        """Return the same in less space."""


ItemT = TypeVar("ItemT", bound=Item)
PartT = TypeVar("PartT")


class Fetch(Generic[PartT, ItemT]):
    """One part: what it is, when it was first asked for, and its items as they come."""

    def __init__(self, part: PartT, place: int, owner: Ahead[PartT, ItemT]) -> None:
        """Belong to what fetches it, at a place in its order."""
        self.part = part
        self.place = place
        self._owner = owner
        self.began: pendulum.DateTime | None = None
        self.items: deque[tuple[ItemT, int]] = deque()
        self.is_done = False
        self.error: Exception | None = None

    @property
    def asked_at(self) -> pendulum.DateTime:
        """An instant before the first request."""
        return self._owner.beginning_of(self)

    def __iter__(self) -> Iterator[ItemT]:
        """Yield the items in order, then raise what fetching them ended with, if ill."""
        while (item := self._owner.next_of(self)) is not None:
            yield item
        if self.error is not None:
            raise self.error


class Ahead(Generic[PartT, ItemT]):
    """Fetches parts in threads, so many at a time, the items of each in order.

    The part whose turn it is always goes on. The others go ahead of it as long as what
    waits takes little space: while the reader is busy, a few megabytes as they came; while
    it waits for the network, more of them packed.
    """

    def __init__(
        self,
        parts: Iterable[PartT],
        fetch: Callable[[PartT], Iterable[ItemT]],
        *,
        parallel: int,
        mended: tuple[type[Exception], ...] = (),
    ) -> None:
        """Start to fetch.

        Args:
            parts: What to fetch.
            fetch: Gives the items of a part.
            parallel: How many parts to fetch at a time.
            mended: Errors that the reader gets over: any other one ends the fetching of
                what comes after its part.
        """
        self._fetch = fetch
        self._fetches = [Fetch(part, place, self) for place, part in enumerate(parts)]
        self._mended = mended
        self._changed = threading.Condition()
        self._abandoned = threading.Event()
        self._next = self._turn = 0
        self._end = len(self._fetches)
        self._loose = self._packed = 0
        self._under_way = self._latest_size = 0
        self._is_reader_waiting = False
        for _ in range(min(parallel, self._end)):
            threads.start("fetch", self._work)

    def __iter__(self) -> Iterator[Fetch[PartT, ItemT]]:
        """Yield the parts in order; what was read of one is not kept."""
        for fetch in self._fetches:
            with self._changed:
                self._turn = fetch.place
                self._changed.notify_all()
            yield fetch

    def close(self) -> None:
        """Want nothing more; requests that are under way end unheard.

        This takes no lock: a signal may have come while the reader held it.
        """
        self._abandoned.set()

    def beginning_of(self, fetch: Fetch[PartT, ItemT]) -> pendulum.DateTime:
        """Wait until a part is begun."""
        with self._changed:
            while fetch.began is None:
                self._changed.wait(_LOOK_AGAIN)
            return fetch.began

    def next_of(self, fetch: Fetch[PartT, ItemT]) -> ItemT | None:
        """Wait for a part's next item; None when there are no more."""
        with self._changed:
            self._changed.wait_for(lambda: fetch.items or fetch.is_done, _SOON)
            while not fetch.items and not fetch.is_done:
                self._is_reader_waiting = True
                self._changed.notify_all()
                self._changed.wait(_LOOK_AGAIN)
            self._is_reader_waiting = False
            if not fetch.items:
                return None
            item, loose_size = fetch.items.popleft()
            self._loose -= loose_size
            self._packed -= 0 if loose_size else item.size
            self._changed.notify_all()
            return item

    def _work(self) -> None:
        clock.ABANDONED.set(self._abandoned)
        with contextlib.suppress(clock.AbandonedError):
            while (fetch := self._begin()) is not None:
                self._work_on(fetch)
                if isinstance(fetch.error, self._mended):
                    self._make_way(fetch)

    def _begin(self) -> Fetch[PartT, ItemT] | None:
        with self._changed:
            if self._next >= self._end:
                return None
            fetch = self._fetches[self._next]
            self._next += 1
            self._wait_for_room(fetch)
            fetch.began = clock.now()
            self._changed.notify_all()
            return fetch

    def _work_on(self, fetch: Fetch[PartT, ItemT]) -> None:
        try:
            for item in self._fetch(fetch.part):
                self._keep(fetch, item)
                with self._changed:
                    self._wait_for_room(fetch)
        except clock.AbandonedError:
            raise
        except Exception as error:  # noqa: BLE001 - raised again at its place in the order
            fetch.error = error
        with self._changed:
            if fetch.error is not None and not isinstance(fetch.error, self._mended):
                self._end = min(self._end, fetch.place + 1)
            self._under_way -= 1
            fetch.is_done = True
            self._changed.notify_all()

    def _make_way(self, fetch: Fetch[PartT, ItemT]) -> None:
        """Do nothing until the reader has got over an error: it may ask in this place."""
        with self._changed:
            while self._turn <= fetch.place and self._next < self._end:
                if self._abandoned.is_set():
                    raise clock.AbandonedError
                self._changed.wait(_LOOK_AGAIN)

    def _keep(self, fetch: Fetch[PartT, ItemT], item: ItemT) -> None:
        """Put an item where its reader finds it, packed if there are many."""
        with self._changed:
            self._under_way -= 1
            self._latest_size = item.size
            is_loose = self._is_next(fetch) or self._loose < LOOSE_BYTES
            self._loose += item.size if is_loose else 0
        if not is_loose:
            item = item.packed()
        with self._changed:
            self._packed += 0 if is_loose else item.size
            fetch.items.append((item, item.size if is_loose else 0))
            self._changed.notify_all()

    def _wait_for_room(self, fetch: Fetch[PartT, ItemT]) -> None:
        while self._is_wanted(fetch) and not self._has_room(fetch):
            self._changed.wait(_LOOK_AGAIN)
        if not self._is_wanted(fetch):
            raise clock.AbandonedError
        self._under_way += 1

    def _is_wanted(self, fetch: Fetch[PartT, ItemT]) -> bool:
        return fetch.place < self._end and not self._abandoned.is_set()

    def _is_next(self, fetch: Fetch[PartT, ItemT]) -> bool:
        """Tell whether the reader comes to a part's next item before any other."""
        return fetch.place == self._turn and not fetch.items

    def _has_room(self, fetch: Fetch[PartT, ItemT]) -> bool:
        if self._is_next(fetch):
            return True
        if self._packed >= PACKED_BYTES:
            return False
        coming = self._under_way * self._latest_size
        return self._is_reader_waiting or self._loose + coming < LOOSE_BYTES
