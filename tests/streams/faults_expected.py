"""What the tap makes of each fault of the simulator: one table, made from the other."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from tests.simulator import FAULTS, REFUSALS, Fault, Kind

#: Each of these costs the time-out of a request.
SLOW = frozenset({"late_answer", "dripping_answer"})
#: Passing faults that cost no time.
QUICK = tuple(
    fault
    for name, fault in FAULTS.items()
    if fault.kind is Kind.PASSING and name not in SLOW
)
#: How many of the requests that a fault can befall it does befall: one, all from that one
#: on, or all.
Extent: TypeAlias = Literal["once", "lasting", "always"]


class Case(NamedTuple):
    """A fault, how often it occurs, and what is said if it ends a stream."""

    fault: Fault
    extent: Extent
    sentence: str


NO_ANSWER = "got no complete answer"
#: What is said of a fault of a kind, in each extent that it is tried in.
_SENTENCES: dict[Kind, dict[Extent, str]] = {
    Kind.PASSING: {"once": ""},
    Kind.LONG: {"once": "is longer than max_retry_wait"},
    Kind.EXPIRED: {"once": "", "lasting": "was answered with status 410"},
    Kind.REVISED: {"once": ""},
    Kind.WRONG: {"once": "; expected"},
    Kind.MISPLACED: {"once": "returned a row "},
    Kind.ENDLESS: {"lasting": "expected its pages to end"},
    Kind.DOUBLED: {"always": ""},
    Kind.EMPTY: {"once": ""},
    Kind.STALE: {"always": ""},
    Kind.NOT_YET: {"always": "was answered with status 400"},
    Kind.GATEWAY: {"once": "something between this machine and"},
    Kind.INELIGIBLE: {"once": "Organisations of this kind do not have this"},
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
        for extent, sentence in _SENTENCES[fault.kind].items():
            yield Case(fault, extent, sentence)
        if fault.name in _LASTING:
            yield Case(fault, "lasting", _LASTING[fault.name])


CASES = {f"{case.fault.name}-{case.extent}": case for case in _cases()}
