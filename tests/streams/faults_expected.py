"""What the tap makes of each fault of the simulator: one table, made from the other."""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from tests.simulator import FAULTS, REFUSALS, Fault, Kind

#: Each of these costs the time-out of a request.
SLOW = frozenset({"late_answer", "dripping_answer"})
#: Passing faults that cost no time.
QUICK = tuple(
    fault
    for name, fault in FAULTS.items()
    if fault.kind is Kind.PASSING and name not in SLOW
)


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
#: What becomes of a fault of a kind, in each extent that it is tried in, and what is said.
_ENDS = {
    Kind.PASSING: [(Extent.ONCE, Outcome.TRUTH, "")],
    Kind.LONG: [(Extent.ONCE, Outcome.FAILURE, "is longer than max_retry_wait")],
    Kind.EXPIRED: [
        (Extent.ONCE, Outcome.TRUTH, ""),
        (Extent.LASTING, Outcome.FAILURE, "was answered with status 410"),
    ],
    Kind.REVISED: [(Extent.ONCE, Outcome.TRUTH, "")],
    Kind.WRONG: [(Extent.ONCE, Outcome.FAILURE, "; expected")],
    Kind.MISPLACED: [(Extent.ONCE, Outcome.FAILURE, "returned a row ")],
    Kind.ENDLESS: [(Extent.LASTING, Outcome.FAILURE, "expected its pages to end")],
    Kind.DOUBLED: [(Extent.ALWAYS, Outcome.TRUTH, "")],
    Kind.EMPTY: [(Extent.ONCE, Outcome.TRUTH, "")],
    Kind.STALE: [(Extent.ALWAYS, Outcome.TRUTH, "")],
    Kind.NOT_YET: [(Extent.ALWAYS, Outcome.END_FOR_NOW, "was answered with status 400")],
    Kind.GATEWAY: [(Extent.ONCE, Outcome.FAILURE, "something between this machine and")],
    Kind.INELIGIBLE: [
        (Extent.ONCE, Outcome.FAILURE, "Organisations of this kind do not have this")
    ],
}
#: Passing faults that are also tried where they do not pass: one of each sort.
_LASTING = {
    "rate_limit_without_a_wait": "was answered with status 429",
    "status_503": "was answered with status 503",
    "invalid_json": "was answered with a body that is not JSON",
    "reset_before_the_answer": NO_ANSWER,
}


def _cases() -> Iterator[Case]:
    # Refusals whose words hold dates are about days that are not there; see `test_not_yet`.
    kinds = {Kind.GATEWAY, Kind.INELIGIBLE, Kind.PASSING}
    refusals = [fault for fault in REFUSALS.values() if fault.kind in kinds]
    for fault in (*FAULTS.values(), *refusals):
        for end in _ENDS[fault.kind]:
            yield Case(fault, *end)
        if fault.name in _LASTING:
            yield Case(fault, Extent.LASTING, Outcome.FAILURE, _LASTING[fault.name])


CASES = {f"{case.fault.name}-{case.extent.name.lower()}": case for case in _cases()}
