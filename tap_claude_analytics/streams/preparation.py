"""Before the first request: checks of the selection, and the start of the streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_claude_analytics.common.dates import FLOOR
from tap_claude_analytics.config.keys import closed_streams_mistake
from tap_claude_analytics.streams.sources.activity_settings import filter_mistakes
from tap_claude_analytics.streams.sources.report_settings import takes_organizations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_claude_analytics.config.settings import Settings
    from tap_claude_analytics.streams.day_stream import DayStream
    from tap_claude_analytics.streams.run import Run
    from tap_claude_analytics.streams.sources.source import Plan


def selection_mistakes(selected: Sequence[DayStream], settings: Settings) -> list[str]:
    """Return a sentence for each setting that does not fit the selected streams."""
    closed = closed_streams_mistake(settings.api_key, (s.name for s in selected))
    if closed:
        return [closed]
    whole = [s.name for s in selected if not takes_organizations(s.spec)]
    if settings.organization_ids and whole:
        mistake = (
            "organization_ids limits only usage and cost, so it cannot be used with the"
            f" selected streams {', '.join(whole)}. Deselect these streams, or remove"
            " organization_ids."
        )
        return [mistake]
    mistakes = [
        mistake
        for stream in selected
        if stream.spec.report is None
        for mistake in filter_mistakes(stream.spec, settings)
    ]
    if not mistakes:
        return []
    return [f"{' '.join(mistakes)} Deselect these streams, or change filters."]


def start(selected: Sequence[DayStream], run: Run) -> Iterator[str]:
    """Write down where each stream starts, and yield warnings about it."""
    starts = {stream.name: stream.start() for stream in selected}
    early = ["start_date"] if run.settings.start_date < FLOOR else []
    early += [
        f"the bookmark of {name}"
        for name, started in starts.items()
        if started.was_before_floor
    ]
    restarting = [name for name, started in starts.items() if started.restarts]
    ahead = [
        f"that of {stream.name} is {bookmark}"
        for stream in selected
        if (bookmark := stream.ledger.bookmark) and bookmark > run.today
    ]
    latest = run.today.subtract(days=run.settings.data_delay_days)
    if restarting:
        yield (
            "The settings that define the rows of these streams have changed, so they read"
            f" again from start_date: {', '.join(restarting)}. Rows that were loaded before"
            " stay as they are until the same rows are read again."
        )
    if ahead:
        yield (
            "Bookmarks of the state are in the future, and nothing is read until then:"
            f" {', '.join(ahead)}. Correct the state if this is not wanted."
        )
    if run.settings.start_date > latest:
        yield (
            f"start_date is {run.settings.start_date}, which is after the most recent day"
            f" to read, {latest}: nothing is read yet."
        )
    if early:
        yield (
            f"The API has nothing before {FLOOR}. Reading starts on that day instead of:"
            f" {', '.join(early)}."
        )


def plans_in_words(selected: Sequence[DayStream]) -> str:
    """Return which days of which streams are read; empty if none is selected."""
    streams: dict[Plan, list[str]] = {}
    for stream in selected:
        streams.setdefault(stream.plan(), []).append(stream.name)
    return "; ".join(f"{plan} ({', '.join(names)})" for plan, names in streams.items())
