"""What the tap makes of each fault of the simulator: one table, made from the other."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from tests.simulator import FAULTS, Fault
from tests.simulator.faults import ENDLESS, GATEWAYS, PASSING, WRONG

#: Each of these costs the time-out of a request.
SLOW = frozenset({"late_answer", "dripping_answer"})
#: Passing faults that cost no time.
QUICK = tuple(fault for name, fault in PASSING.items() if name not in SLOW)
#: How many of the requests that a fault can befall it does befall: one, all from that one
#: on, or all.
Extent: TypeAlias = Literal["once", "lasting", "always"]


class Case(NamedTuple):
    """A fault, how often it occurs, and what is said if it ends a stream."""

    fault: Fault
    extent: Extent
    sentence: str


NO_ANSWER = "got no complete answer"
#: Which faults are tried to which extent, and what is said of them.
_SENTENCES: tuple[tuple[Iterable[str], Extent, str], ...] = (
    (PASSING, "once", ""),
    (("expired_cursor", "revised_rows", "empty_page_with_a_cursor"), "once", ""),
    (("rows_twice", "stale_cursor"), "always", ""),
    (WRONG, "once", "; expected"),
    (GATEWAYS, "once", "something between this machine and"),
    (ENDLESS, "lasting", "expected its pages to end"),
    (("not_yet",), "always", "was answered with status 400"),
    (("rate_limit_for_very_long",), "once", "is longer than max_retry_wait"),
    (("rows_of_another_day",), "once", "returned a row "),
    (("organization_not_eligible",), "once", "Organisations of this kind do not have this"),
    # One of each sort that passes, where it does not.
    (("expired_cursor",), "lasting", "was answered with status 410"),
    (("rate_limit_without_a_wait",), "lasting", "was answered with status 429"),
    (("status_503",), "lasting", "was answered with status 503"),
    (("invalid_json",), "lasting", "was answered with a body that is not JSON"),
    (("reset_before_the_answer",), "lasting", NO_ANSWER),
)
CASES = {
    f"{name}-{extent}": Case(FAULTS[name], extent, sentence)
    for names, extent, sentence in _SENTENCES
    for name in names
}
