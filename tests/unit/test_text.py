"""Text of the API is fit for a log line: short, on one line, and nothing private."""

from __future__ import annotations

import pytest

from tap_claude_analytics.common.text import scrub


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("all is well", "all is well"),
        ("", ""),
        ("mary.oneil+x@acme.example is unknown", "[e-mail] is unknown"),
        ('<mary@acme.example>, "zoë@acme.example"', '<[e-mail]>, "[e-mail]"'),
        ("key sk-ant-api01-Ab_9-x.", "key [key]."),
        ("(sk-ant-admin01-x,sk-ant-api01-y)", "([key],[key])"),
        ("one\r\ntwo\tthree   four", "one two three four"),
        ("\x1b[31mred\x00\u2028end", "[31mred end"),
        ("株式会社", "株式会社"),
    ],
    ids=repr,
)
def test_scrubbed_text(text: str, scrubbed: str) -> None:
    """One line without keys and e-mail addresses."""
    assert scrub(text) == scrubbed


def test_scrubbed_text_is_short() -> None:
    """And it is scrubbed before it is cut, so that no half of a secret is left."""
    assert len(scrub("word " * 1000)) <= 400
    assert "sk-ant" not in scrub("x " * 195 + "sk-ant-api01-secret")
