"""Why a run may read nothing: said at its start, as it would end without an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_claude_analytics.common.dates import FLOOR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import pendulum


def warnings_of_selection(
    selected: Collection[str], streams: Collection[str], catalog: Collection[str] | None
) -> Iterator[str]:
    """Yield what is odd about the selection.

    Args:
        selected: The selected streams that make requests.
        streams: All streams of the tap.
        catalog: The streams that the catalog names; None if there is no catalog.
    """
    unknown = sorted(set(catalog or ()) - set(streams))
    if unknown:
        yield (
            f"The catalog has streams that this tap does not have: {', '.join(unknown)}."
            " Make a new one with --discover."
        )
    if selected:
        return
    if catalog is not None and not set(catalog) & set(streams):
        yield "The catalog names no stream of this tap, so nothing is read."
    else:
        yield (
            "No stream is selected, so nothing is read. Select streams in the catalog, or"
            " with select in Meltano; readings alone has nothing to say."
        )


def warnings_of_clock(today: pendulum.Date) -> Iterator[str]:
    """Yield what is odd about the current day."""
    if today < FLOOR:
        yield (
            f"The clock of this machine says that today is {today}, but the API has nothing"
            f" before {FLOOR}: nothing is read. Set the clock."
        )
