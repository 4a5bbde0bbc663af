"""Coverage: which steps of the saga's table the seeds took, and which faults struck; the impossible has a reason."""

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tests.simulation.chance import Fault

from orders.domain import saga
from orders.domain.states import Fact, State

Step = tuple[State, Fact]

_NEVER_STANDS = "an order is never left in RECEIVED: its first step is taken with its birth"
_NO_RISK = "nothing asks for a second step yet"
_OWN_MISTAKE = "payments says so only after a mistake of orders' own"

UNREACHABLE: Mapping[Step, str] = MappingProxyType(
    {
        (State.RECEIVED, Fact.TAKEN_BACK): _NEVER_STANDS,
        (State.RECEIVED, Fact.POST_DELETED): _NEVER_STANDS,
        (State.AWAITING_CONFIRMATION, Fact.VERIFICATION_ASKED): _NO_RISK,
        (State.VERIFYING, Fact.VERIFIED): _NO_RISK,
        (State.VERIFYING, Fact.DEADLINE_PASSED): _NO_RISK,
        (State.VERIFYING, Fact.TAKEN_BACK): _NO_RISK,
        (State.VERIFYING, Fact.POST_DELETED): _NO_RISK,
        (State.AUTHORIZING, Fact.STUCK): _OWN_MISTAKE,
        (State.CAPTURING, Fact.STUCK): _OWN_MISTAKE,
        (State.VOIDING, Fact.STUCK): _OWN_MISTAKE,
    }
)
"""Steps of the table that no world may bring about: one that does breaks a promise."""


def taken(steps: Mapping[tuple[str, str, str], int]) -> Counter[Step]:
    """Count the table's steps in orders' stories; notes are none."""
    counted = Counter[Step]()
    facts = {fact.value: fact for fact in Fact}
    for (state, cause, _), number in steps.items():
        if state and cause in facts:
            counted[State(state), facts[cause]] += number
    return counted


def never_taken(counted: Mapping[Step, int]) -> list[Step]:
    """List what was never taken and could have been."""
    return sorted(step for step in saga.TABLE if step not in counted and step not in UNREACHABLE)


def never_struck(counted: Mapping[Fault, int]) -> list[Fault]:
    """List the faults that never struck."""
    return [fault for fault in Fault if not counted.get(fault)]


def written(steps: Iterable[Step]) -> str:
    """Write steps in a line."""
    return ", ".join(f"{state} + {fact}" for state, fact in steps) or "none"
