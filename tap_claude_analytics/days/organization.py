"""Whose data it is: the organisation that the key belongs to, and that of the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_claude_analytics.common.errors import RunFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Organization:
    """The organisation whose data a run reads.

    Attributes:
        id: Its id, None until an answer names it; some gateways take the header away.
    """

    def __init__(self, in_state: Callable[[], Mapping[str, str]]) -> None:
        """Start without an id.

        Args:
            in_state: Returns the organisation of each stream that the state has one of.
        """
        self.id: str | None = None
        self._in_state = in_state

    def check(self, found: str | None) -> None:
        """Take the organisation that an answer names, in any thread.

        Args:
            found: Its id, None if the answer does not say.

        Raises:
            RunFailedError: If it is not that of the state, or of an earlier answer: the
                tables would hold the people of both.
        """
        if found is None or found == self.id:
            return
        known = {*self._in_state().values()} if self.id is None else {self.id}
        if known - {found}:
            msg = (
                f"The key belongs to organisation {found}, but the state of this run to"
                f" {' and '.join(sorted(known - {found}))}. To read another organisation,"
                " use a state and tables of its own: another schema or dataset in the"
                " target. If it is to replace the one before, empty the tables and run once"
                " with --full-refresh."
            )
            raise RunFailedError(msg)
        self.id = found
