"""What the tap makes of each fault of the simulator: one table, made from the other."""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from tests.simulator import FAULTS, Fault
from tests.simulator.faults import ENDLESS, GATEWAYS, PASSING, WRONG

#: Each of these costs the time-out of a request.
SLOW = frozenset({"late_answer", "dripping_answer"})
#: Passing faults that cost no time.
QUICK = tuple(fault for name, fault in PASSING.items() if name not in SLOW)


class Extent(Enum):
    """How many of the requests that a fault can befall it does befall."""

    ONCE = "one in the middle"
    LASTING = "all from the middle on"
    ALWAYS = "all"


class Outcome(Enum):
    """How a stream ends; where not with the truth, the next run completes it."""

    TRUTH = "the truth"
    FAILURE = "a failure"
    END_FOR_NOW = "the end, for now, ahead of the day that is not there yet"


class Case(NamedTuple):
    """A fault, how often it occurs, how that ends, and what is said of a failure."""

    fault: Fault
    extent: Extent
    outcome: Outcome
    sentence: str


NO_ANSWER = "got no complete answer"
#: Which faults are tried to which extent, how that ends, and what is said of it.
_ENDS: tuple[tuple[Iterable[str], Extent, Outcome, str], ...] = (
    (PASSING, Extent.ONCE, Outcome.TRUTH, ""),
    (
        ("expired_cursor", "revised_rows", "empty_page_with_a_cursor"),
        *(Extent.ONCE, Outcome.TRUTH, ""),
    ),
    (("rows_twice", "stale_cursor"), Extent.ALWAYS, Outcome.TRUTH, ""),
    (WRONG, Extent.ONCE, Outcome.FAILURE, "; expected"),
    (GATEWAYS, Extent.ONCE, Outcome.FAILURE, "something between this machine and"),
    (ENDLESS, Extent.LASTING, Outcome.FAILURE, "expected its pages to end"),
    (("not_yet",), Extent.ALWAYS, Outcome.END_FOR_NOW, "was answered with status 400"),
    *(
        ((name,), extent, Outcome.FAILURE, sentence)
        for name, extent, sentence in (
            ("rate_limit_for_very_long", Extent.ONCE, "is longer than max_retry_wait"),
            ("rows_of_another_day", Extent.ONCE, "returned a row "),
            ("organization_not_eligible", Extent.ONCE, "Organisations of this kind do not"),
            # One of each sort that passes, where it does not.
            ("expired_cursor", Extent.LASTING, "was answered with status 410"),
            ("rate_limit_without_a_wait", Extent.LASTING, "was answered with status 429"),
            ("status_503", Extent.LASTING, "was answered with status 503"),
            ("invalid_json", Extent.LASTING, "was answered with a body that is not JSON"),
            ("reset_before_the_answer", Extent.LASTING, NO_ANSWER),
        )
    ),
)
CASES = {
    f"{name}-{extent.name.lower()}": Case(FAULTS[name], extent, outcome, sentence)
    for names, extent, outcome, sentence in _ENDS
    for name in names
}
