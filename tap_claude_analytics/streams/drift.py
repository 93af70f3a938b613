"""What a stream's rows held that was not expected, told without quoting it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tap_claude_analytics.answers import scrub
from tap_claude_analytics.storable import make_storable
from tap_claude_analytics.streams.fields import Shape, misfit_paths, take_misfits

if TYPE_CHECKING:
    import logging
    from collections.abc import Collection

    from singer_sdk.helpers.types import Record

    from tap_claude_analytics.answers import Row


class Drift:
    """Takes what does not fit out of rows, and says what it was, once per run and field."""

    def __init__(self, shape: Shape, logger: logging.Logger, *, kept_under: str) -> None:
        """Take the shape of the stream's rows, its logger, and where misfits are kept."""
        self._shape = shape
        self._logger = logger
        self._kept_under = kept_under
        self._new: set[str] = set()
        self._changed: Counter[tuple[str, str]] = Counter()
        self._replaced: Counter[str] = Counter()

    def take_misfits(self, row: Row) -> Row | None:
        """Move fields that are unknown or of another type out of the row."""
        misfits = take_misfits(row, self._shape)
        for path, kind in misfit_paths(misfits or {}, self._shape):
            if kind is not None:
                self.changed(path, kind)
            elif path not in self._new:
                self._new.add(path)
                self._logger.info(
                    "New field %s: kept under %s until a version of the tap knows it.",
                    scrub(path),
                    self._kept_under,
                )
        return misfits

    def changed(self, path: str, kind: str) -> None:
        """Note that a known field has a value of another kind."""
        self._changed[path, kind] += 1

    def make_storable(self, record: Record, keys: Collection[str]) -> None:
        """Replace the characters in a record that databases refuse.

        Raises:
            UnexpectedAnswerError: If the record holds what cannot be replaced.
        """
        make_storable(record, keys, self._note_replaced)

    def _note_replaced(self, path: str) -> None:
        self._replaced[path] += 1

    def tell(self) -> None:
        """Log one warning per field, with the number of values, and start anew."""
        for (path, kind), count in self._changed.items():
            self._logger.warning(
                "The API gave %s another type than %s in %d rows: the field is null there,"
                " and the value is kept under %s.",
                scrub(path),
                kind,
                count,
                self._kept_under,
            )
        for path, count in self._replaced.items():
            self._logger.warning(
                "%d texts of the field %s held a NUL or half a character, which databases"
                " refuse: each of these became U+FFFD.",
                count,
                path,
            )
        self._changed.clear()
        self._replaced.clear()
