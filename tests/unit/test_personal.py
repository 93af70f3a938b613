"""What is personal is marked, and becomes a digest or nothing."""

import pytest

from tap_claude_analytics.records.personal import ACTOR, ADDRESS, NAME, UNKNOWN, digest
from tap_claude_analytics.streams.spec import StreamSpec
from tap_claude_analytics.streams.specs import SPECS
from tests import masking


def test_a_digest_of_half_a_character() -> None:
    """A row may contain what UTF-8 cannot encode."""
    texts = ("\ud83d", "\ude00", "")
    assert len({digest(text, b"sixteen or more!") for text in texts}) == 3


def test_every_text_is_judged() -> None:
    """A new field is personal or not: its schema or the table says so, if it exists."""
    used = set[str]()
    for stream, schema in masking.SCHEMAS.items():
        assert masking.unjudged(stream, schema) == set(), stream
        for path in masking.texts(schema):
            if path not in masking.PERSONAL.get(stream, {}):
                used |= masking.judged_as(stream, path)
    assert used >= masking.HARMLESS_NAMES


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_what_is_personal_can_be_null(spec: StreamSpec) -> None:
    """A field that may be dropped is no key and is not required."""
    schema = masking.SCHEMAS[spec.name]
    for path, kind in masking.PERSONAL.get(spec.name, {}).items():
        rule = schema
        for name in path.split("."):
            assert name not in rule.get("required", ())
            rule = rule["properties"][name]
        assert "null" in rule["type"]
        assert path not in spec.keys
        assert kind in {ADDRESS, ACTOR, NAME, UNKNOWN}
