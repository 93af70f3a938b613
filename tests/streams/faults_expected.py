"""What the tap makes of each fault of the simulator: one table, made from the other."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from tests.simulator import FAULTS, REFUSALS, Fault, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Each of these costs the time-out of a request.
SLOW = frozenset({"late_answer", "dripping_answer"})
#: Passing faults that cost no time.
QUICK = tuple(
    fault
    for name, fault in FAULTS.items()
    if fault.kind is Kind.PASSING and name not in SLOW
)
#: Passing faults that are also tried where they do not pass: one of each sort.
_LASTING = {
    "rate_limit_without_a_wait",
    "status_503",
    "invalid_json",
    "reset_before_the_answer",
}


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
    """A fault, how often it occurs, and how that ends."""

    fault: Fault
    extent: Extent
    outcome: Outcome

    def selection(self, requests: int) -> dict[str, int]:
        """Return what the simulator is told, if the fault can befall so many requests."""
        if self.extent is Extent.ALWAYS:
            return {}
        every = {"every": 1} if self.extent is Extent.LASTING else {}
        return {"nth": requests // 2 + 1, **every}


#: What becomes of a fault of a kind, for each extent that it is tried in.
_ENDS = {
    Kind.PASSING: {Extent.ONCE: Outcome.TRUTH, Extent.LASTING: Outcome.FAILURE},
    Kind.LONG: {Extent.ONCE: Outcome.FAILURE},
    Kind.EXPIRED: {Extent.ONCE: Outcome.TRUTH, Extent.LASTING: Outcome.FAILURE},
    Kind.REVISED: {Extent.ONCE: Outcome.TRUTH},
    Kind.WRONG: {Extent.ONCE: Outcome.FAILURE},
    Kind.MISPLACED: {Extent.ONCE: Outcome.FAILURE},
    Kind.ENDLESS: {Extent.LASTING: Outcome.FAILURE},
    Kind.DOUBLED: {Extent.ALWAYS: Outcome.TRUTH},
    Kind.EMPTY: {Extent.ONCE: Outcome.TRUTH},
    Kind.STALE: {Extent.ALWAYS: Outcome.TRUTH},
    Kind.NOT_YET: {Extent.ALWAYS: Outcome.END_FOR_NOW},
    Kind.GATEWAY: {Extent.ONCE: Outcome.FAILURE},
    Kind.INELIGIBLE: {Extent.ONCE: Outcome.FAILURE},
}
_SENTENCES = {
    Kind.LONG: "is longer than max_retry_wait",
    Kind.EXPIRED: "was answered with status 410",
    Kind.WRONG: "; expected",
    Kind.MISPLACED: "returned a row ",
    Kind.ENDLESS: "expected its pages to end",
    Kind.NOT_YET: "was answered with status 400",
    Kind.GATEWAY: "something between this machine and the API",
    Kind.INELIGIBLE: "Organisations of this kind do not have this endpoint.",
}
NO_ANSWER = "got no complete answer"


def sentence_about(fault: Fault) -> str:
    """Return a part of what a run says that fails by a fault."""
    if fault.kind is not Kind.PASSING:
        return _SENTENCES[fault.kind]
    if fault.name.startswith("rate_limit"):
        return "was answered with status 429"
    if fault.name == "invalid_json":
        return "was answered with a body that is not JSON"
    if fault.name.startswith("status_"):
        return f"was answered with status {fault.name[-3:]}"
    return NO_ANSWER


def _cases() -> Iterator[Case]:
    # Refusals whose words hold dates are about days that are not there; see `test_not_yet`.
    kinds = {Kind.GATEWAY, Kind.INELIGIBLE, Kind.PASSING}
    refusals = [fault for fault in REFUSALS.values() if fault.kind in kinds]
    for fault in (*FAULTS.values(), *refusals):
        passes = fault.kind is Kind.PASSING and fault.name not in _LASTING
        for extent, outcome in _ENDS[fault.kind].items():
            if not (passes and extent is Extent.LASTING):
                yield Case(fault, extent, outcome)


CASES = {f"{case.fault.name}-{case.extent.name.lower()}": case for case in _cases()}
