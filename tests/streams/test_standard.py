"""The SDK's standard tests, against the simulator."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import masking
from tests.simulator import Options, Simulator
from tests.singer import catalog_of

TODAY = date(2026, 9, 14)
OPTIONS = Options(users=10)
#: The SDK builds the tap when this module is imported, before there is a simulator, whose
#: address is set when the tests begin.
CONFIG: dict[str, Any] = {
    "api_key": OPTIONS.api_key,
    "api_url": "http://127.0.0.1:1",
    "requests_per_minute": 10_000,
    "start_date": "2026-09-08",
}

pytestmark = pytest.mark.slow

StandardTests = get_tap_test_class(
    TapClaudeAnalytics,
    config=CONFIG,
    suite_config=SuiteConfig(max_records_limit=100_000),
    parse_env_config=False,
    catalog=catalog_of(*masking.SCHEMAS),
)


@pytest.fixture(scope="module", autouse=True)
def _api() -> Iterator[None]:
    """Run the API for as long as the suite runs."""
    with Simulator(OPTIONS) as running:
        CONFIG["api_url"] = running.url
        yield


# The SDK writes its class-scoped fixtures in a way that pytest 10 will not take.
@pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined as instance methods")
# Of `additional_fields`, which is null as long as the API has no new field.
@pytest.mark.filterwarnings("ignore:No records were available to test:UserWarning")
class TestTapClaudeAnalytics(StandardTests):  # type: ignore[misc, valid-type]
    """Discovery, schemas, records, keys and state as the SDK expects them of any tap."""
