"""Answers fetched ahead and in parallel, and handed over in the order of the questions."""

from __future__ import annotations

import contextlib
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

    The pages of the answer that is being read are handed over as they arrive; those of
    later answers wait packed. The threads are daemons, unlike those of
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
        started: deque[Fetched[QuestionT]] = deque()
        room = max(1, _PAGES_WAITING // self._parallel)
        try:
            for question in questions:
                if len(started) == self._parallel:
                    yield reading.begin(started[0])
                    started.popleft()
                if reading.has_failed:
                    break
                fetched = Fetched(question, room)
                started.append(fetched)
                threading.Thread(
                    target=self._work,
                    args=(fetched, reading),
                    name="read-ahead",
                    daemon=True,
                ).start()
            while started:
                yield reading.begin(started[0])
                started.popleft()
        finally:
            reading.cancelled.set()

    def _work(self, fetched: Fetched[QuestionT], reading: _Reading[QuestionT]) -> None:
        if hasattr(signal, "pthread_sigmask"):
            # A signal that arrives in this thread would not wake the main thread.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        clock.CANCELLED.set(reading.cancelled)
        end: Exception | None = None
        with contextlib.suppress(clock.CancelledError):
            try:
                for page in self._fetch(fetched.question):
                    is_current = reading.current is fetched
                    fetched.put(page if is_current else page.packed(), reading.cancelled)
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
        current: The answer that is being read.
        has_failed: Whether an error has made all later answers useless.
    """

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.current: Fetched[QuestionT] | None = None
        self.has_failed = False

    def begin(self, answer: Fetched[QuestionT]) -> Fetched[QuestionT]:
        """Go on to an answer, and return it."""
        self.current = answer
        return answer
