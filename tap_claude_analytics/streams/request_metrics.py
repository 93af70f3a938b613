"""Metrics of the requests of a stream, as the SDK writes them."""

from __future__ import annotations

import contextlib
import math
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING

from singer_sdk import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def request_metrics(stream: str, endpoint: str) -> Iterator[Callable[[int, float], None]]:
    """Return what measures requests: each at level DEBUG, their number at the end."""
    counter = metrics.http_request_counter(stream, endpoint, log_interval=math.inf)
    lock = threading.Lock()

    def on_answer(status: int, seconds: float) -> None:
        with lock:
            counter.increment()
        point = metrics.Point(
            "timer",
            metric=metrics.Metric.HTTP_REQUEST_DURATION,
            value=seconds,
            tags={
                **counter.tags,
                metrics.Tag.HTTP_STATUS_CODE: status,
                metrics.Tag.STATUS: (
                    metrics.Status.SUCCEEDED
                    if status == HTTPStatus.OK
                    else metrics.Status.FAILED
                ),
            },
        )
        counter.logger.debug("METRIC: %s", point)

    with counter:
        yield on_answer
