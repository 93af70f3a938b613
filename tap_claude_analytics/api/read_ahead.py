"""Answers fetched ahead and in parallel, and handed over in the order of the questions."""

from __future__ import annotations

import contextlib
import itertools
import queue
import signal
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from tap_claude_analytics.common import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    import pendulum

    from tap_claude_analytics.api.pages import Page

QuestionT = TypeVar("QuestionT")

#: Pages that may wait, over all questions. Packed, a thousand users are about 0.4 MB.
_PAGES_WAITING = 64
#: How many answers, and pages of each, are kept as they came: the next ones to be read.
_NEAR = 2
#: Seconds after which a thread that waits for room checks whether it is still needed.
_CHECK_EVERY = 0.5


class Fetched(Generic[QuestionT]):
    """The answer to one question; iterating over it waits for the pages, in order.

    Attributes:
        question: What was asked.
        asked_at: An instant before the first request.
    """

    def __init__(self, question: QuestionT, room: int) -> None:
        """Create the answer, which has no pages yet and room for so many."""
        self.question = question
        self.asked_at: pendulum.DateTime = clock.now()
        self._arrived: queue.Queue[Page | Exception | None] = queue.Queue(room)

    def __iter__(self) -> Iterator[Page]:
        """Yield the pages; then raise the error that ended the fetching, if one did."""
        while (item := self._arrived.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    @property
    def waiting(self) -> int:
        """How many pages have arrived and are not read yet."""
        return self._arrived.qsize()

    def put(self, item: Page | Exception | None, cancelled: threading.Event) -> None:
        """Add a page, an error or the end (None); wait while there is no room.

        Raises:
            CancelledError: If the answer is no longer needed.
        """
        while not cancelled.is_set():
            try:
                self._arrived.put(item, timeout=_CHECK_EVERY)
            except queue.Full:
                continue
            return
        raise clock.CancelledError


class ReadAhead(Generic[QuestionT]):
    """Fetches the answers to questions in threads.

    The first pages of the next answers to be read are kept as they came; all other pages
    wait packed. The threads are daemons, unlike those of
    ``concurrent.futures``, for which Python would wait at exit until a server answers.
    """

    def __init__(
        self,
        fetch: Callable[[QuestionT], Iterable[Page]],
        *,
        parallel: int,
        recoverable: tuple[type[Exception], ...] = (),
    ) -> None:
        """Prepare for fetching.

        Args:
            fetch: Returns the pages that answer a question; called in a thread.
            parallel: How many questions are asked at the same time, at most.
            recoverable: Errors after which the later answers are still needed.
        """
        self._fetch = fetch
        self._parallel = parallel
        self._recoverable = recoverable

    def read(
        self, questions: Iterable[QuestionT]
    ) -> Generator[Fetched[QuestionT], None, None]:
        """Yield the answers in the order of the questions; close it when done early."""
        reading = _Reading[QuestionT]()
        left = iter(questions)
        started: deque[Fetched[QuestionT]] = deque()
        room = max(_NEAR, _PAGES_WAITING // self._parallel)
        slow = 0
        try:
            while True:
                # While answers arrive before they are read, one ahead is enough: more
                # would only have to be packed.
                has_arrived = started and started[0].waiting
                slow = slow - 1 if has_arrived else self._parallel
                limit = self._parallel if slow > 0 else min(_NEAR, self._parallel)
                if not reading.has_failed:
                    for question in itertools.islice(left, max(0, limit - len(started))):
                        started.append(Fetched(question, room))
                        reading.near = [*itertools.islice(started, _NEAR)]
                        self._start(started[-1], reading)
                if not started:
                    return
                reading.near = [*itertools.islice(started, _NEAR)]
                yield started[0]
                started.popleft()
        finally:
            reading.cancelled.set()

    def _start(self, fetched: Fetched[QuestionT], reading: _Reading[QuestionT]) -> None:
        threading.Thread(
            target=self._work, args=(fetched, reading), name="read-ahead", daemon=True
        ).start()

    def _work(self, fetched: Fetched[QuestionT], reading: _Reading[QuestionT]) -> None:
        if hasattr(signal, "pthread_sigmask"):
            # A signal that arrives in this thread would not wake the main thread.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        clock.CANCELLED.set(reading.cancelled)
        end: Exception | None = None
        with contextlib.suppress(clock.CancelledError):
            try:
                for page in self._fetch(fetched.question):
                    is_soon_read = fetched in reading.near and fetched.waiting < _NEAR
                    fetched.put(page if is_soon_read else page.packed(), reading.cancelled)
            except clock.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - raised again where it is read
                reading.has_failed |= not isinstance(error, self._recoverable)
                end = error
            fetched.put(end, reading.cancelled)


class _Reading(Generic[QuestionT]):
    """What the threads know of the reader.

    Attributes:
        cancelled: Set once no answer is needed any more.
        near: The answer that is being read, and the next one.
        has_failed: Whether an error has made all later answers useless.
    """

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.near: list[Fetched[QuestionT]] = []
        self.has_failed = False
