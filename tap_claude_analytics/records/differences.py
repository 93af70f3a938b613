"""Where rows differ from what the schema promises, logged without quoting a value."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tap_claude_analytics.common.names import ADDITIONAL_FIELDS
from tap_claude_analytics.common.text import scrub
from tap_claude_analytics.records.shapes import Shape, misfit_paths, take_misfits

if TYPE_CHECKING:
    import logging
    from collections.abc import Collection, Iterator

    from tap_claude_analytics.records.day import Batch, Row


class Differences:
    """Takes what does not fit out of the rows of one stream, and logs it once per field."""

    def __init__(self, shape: Shape, logger: logging.Logger, *, outcome: str) -> None:
        """Start without differences.

        Args:
            shape: The shape of the rows.
            logger: The logger of the stream.
            outcome: What becomes of values that do not fit, for the log, such as "kept in
                additional_fields".
        """
        self._shape = shape
        self._logger = logger
        self._outcome = outcome
        self._new: set[str] = set()
        self._changed: Counter[tuple[str, str]] = Counter()
        self._replaced: Counter[str] = Counter()
        self._repeated = 0

    def known_rows(self, batch: Batch, null_fields: Collection[str]) -> Iterator[Row]:
        """Yield the rows of a batch; what the schema does not know is moved.

        Args:
            batch: The rows, which are edited in place.
            null_fields: Fields that have a value in grouped answers only; their nulls go.
        """
        for row in batch.rows:
            for name in null_fields:
                if name in row and row[name] is None:
                    del row[name]
            row[ADDITIONAL_FIELDS] = None if batch.conforms else self.take_misfits(row)
            row.update(batch.added)
            yield row

    def take_misfits(self, row: Row) -> Row | None:
        """Move fields that are unknown or of another type out of a row, and count them."""
        misfits = take_misfits(row, self._shape)
        for path, kind in misfit_paths(misfits or {}, self._shape):
            if kind is not None:
                self._changed[path, kind] += 1
            elif path not in self._new:
                self._new.add(path)
                self._logger.info(
                    "New field %s: its values are %s until a version of the tap knows it.",
                    scrub(path),
                    self._outcome,
                )
        return misfits

    def replaced(self, path: str) -> None:
        """Count a text in which characters have been replaced."""
        self._replaced[path] += 1

    def repeated(self, count: int) -> None:
        """Count rows that are equal to another one of their reading."""
        self._repeated += count

    def log(self) -> None:
        """Log one warning per field with the number of values, and start again."""
        for (path, kind), count in self._changed.items():
            self._logger.warning(
                "The API sent %s with another type than %s in %d rows: the field is null in"
                " them, and the value is %s.",
                scrub(path),
                kind,
                count,
                self._outcome,
            )
        for path, count in self._replaced.items():
            self._logger.warning(
                "%d texts of the field %s contained a NUL or half a surrogate pair, which"
                " databases refuse: each was replaced by U+FFFD.",
                count,
                path,
            )
        if self._repeated:
            self._logger.warning(
                "%d rows are equal to another row of their day in everything, and have no"
                " value in a dimension: each counts, as they may be those of identities"
                " that cannot be named, but the API may also have sent a row twice.",
                self._repeated,
            )
        self._changed.clear()
        self._replaced.clear()
        self._repeated = 0
