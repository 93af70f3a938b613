"""Stream maps that miss are told; new columns and copies are no mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from tap_claude_analytics.config.stream_maps import stream_map_mistakes

FIELDS = {
    "skills": {"date", "skill_name"},
    "user_summaries": {"date", "user", "email_address"},
    "usage": {"date", "actor_email_address"},
}


@pytest.mark.parametrize(
    "maps",
    [
        {},
        {"__else__": None},
        {"skills": {"tenant": "'acme'", "skill_name": None}},
        {"user_summaries": None, "usage": "__NULL__"},
        {"*": {"email_address": "__NULL__", "__filter__": "date > '2026'"}},
        {"skills": {"__alias__": "abilities", "__key_properties__": ["date"]}},
        {
            "user_summaries": {"email_address": "__NULL__"},
            "people": {"__source__": "user_summaries", "user": None, "__else__": None},
        },
    ],
)
def test_maps_that_fit(maps: dict[str, Any]) -> None:
    """Every entry fits a stream, every removal a field, and no two entries meet."""
    assert not [*stream_map_mistakes(maps, FIELDS)]


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        ({"user_sumaries": {}}, ["user_sumaries", "Did you mean user_summaries?"]),
        ({"user_*s_": {}}, ["user_*s_"]),
        ({"people": {"__source__": "skils"}}, ["skils", "Did you mean skills?"]),
        ({"skills": {"skil_name": None}}, ["skil_name", "Did you mean skill_name?"]),
        (
            {"user_summaries": {"user__email_address": "__NULL__"}},
            ["user__email_address", "Did you mean email_address?"],
        ),
        ({"people": {"__source__": "usage", "user": None}}, ["removes user"]),
        ({"u*": {"skill_name": None}}, ["skill_name", "u*"]),
        (
            {"user_summaries": {"user": None}, "u*_summaries": {"tenant": "'a'"}},
            ["two entries for stream user_summaries, user_summaries and u*_summaries"],
        ),
        (
            {"u*": {"date": "str(date)"}, "usage": {"__alias__": "tokens"}},
            ["two entries for stream usage, u* and usage"],
        ),
    ],
)
def test_maps_that_miss(maps: dict[str, Any], words: list[str]) -> None:
    """The sentence has the name and the nearest valid one."""
    [sentence] = stream_map_mistakes(maps, FIELDS)
    for word in words:
        assert word in sentence
