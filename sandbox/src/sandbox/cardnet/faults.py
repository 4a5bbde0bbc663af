"""Faults armed by a test or a person: the next n calls of an operation time out, fail, are declined, or are late."""

from dataclasses import dataclass
from enum import StrEnum

from sandbox.cardnet.errors import invalid
from sandbox.cardnet.fields import Fields
from sandbox.cardnet.requests import Operation

COUNT_MAX = 1_000_000
LATENCY_MAX_MILLISECONDS = 60_000


class FaultKind(StrEnum):
    """What goes wrong. All but DECLINE count HTTP calls (a batch is one call); DECLINE counts items."""

    TIMEOUT_AFTER = "timeout_after"
    TIMEOUT_BEFORE = "timeout_before"
    ERROR = "error"
    DECLINE = "decline"
    LATENCY = "latency"


class FaultTarget(StrEnum):
    """Where it goes wrong: an operation, or the status query by key."""

    TOKEN = "token"  # noqa: S105  the operation's name, not a secret
    AUTHORIZATION = "authorization"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    QUERY = "query"


DECLINABLE = (FaultTarget.AUTHORIZATION, FaultTarget.CAPTURE)
_CALL_KINDS = (FaultKind.TIMEOUT_BEFORE, FaultKind.ERROR, FaultKind.TIMEOUT_AFTER)


@dataclass(slots=True, kw_only=True)
class Fault:
    """One armed fault and how often it still strikes."""

    target: FaultTarget
    kind: FaultKind
    count: int
    milliseconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFaults:
    """What one HTTP call suffers."""

    kind: FaultKind | None = None
    delay_seconds: float = 0.0


NO_FAULTS = CallFaults()


class Faults:
    """The armed faults: at most one of each target and kind, so the table cannot grow."""

    def __init__(self) -> None:
        self._armed: dict[tuple[FaultTarget, FaultKind], Fault] = {}

    def arm(self, fault: Fault) -> None:
        """Arm a fault; it replaces the one of the same target and kind."""
        self._armed[fault.target, fault.kind] = fault

    def disarm(self) -> None:
        """Take every fault away."""
        self._armed.clear()

    def armed(self) -> list[Fault]:
        """List what still strikes."""
        return list(self._armed.values())

    def take_call(self, target: FaultTarget) -> CallFaults:
        """Use up what strikes this HTTP call: at most one failure, and a delay."""
        if not self._armed:
            return NO_FAULTS
        late = self._take(target, FaultKind.LATENCY)
        struck = next((kind for kind in _CALL_KINDS if self._take(target, kind)), None)
        return CallFaults(kind=struck, delay_seconds=late.milliseconds / 1_000 if late else 0.0)

    def take_decline(self, operation: Operation) -> bool:
        """Use up a decline for one item of an operation."""
        return bool(self._armed) and self._take(FaultTarget(operation), FaultKind.DECLINE) is not None

    def _take(self, target: FaultTarget, kind: FaultKind) -> Fault | None:
        fault = self._armed.get((target, kind))
        if fault is not None:
            fault.count -= 1
            if fault.count == 0:
                del self._armed[target, kind]
        return fault


def read_fault(contents: object) -> Fault:
    """Read {operation, kind, count?, milliseconds?}; a fault that could never strike is refused."""
    fields = Fields(contents, allowed=("operation", "kind", "count", "milliseconds"))
    fault = Fault(
        target=_target(fields.text("operation")),
        kind=_kind(fields.text("kind")),
        count=fields.optional_whole("count", default=1, least=1, most=COUNT_MAX),
        milliseconds=fields.optional_whole("milliseconds", default=0, least=0, most=LATENCY_MAX_MILLISECONDS),
    )
    if fault.kind is FaultKind.DECLINE and fault.target not in DECLINABLE:
        raise invalid("invalid_fault", "Only an authorization or a capture can be declined.", param="operation")
    if (fault.kind is FaultKind.LATENCY) != (fault.milliseconds > 0):
        raise invalid("invalid_fault", "Latency, and only latency, takes `milliseconds` above 0.", param="milliseconds")
    return fault


def _target(name: str) -> FaultTarget:
    try:
        return FaultTarget(name)
    except ValueError:
        known = ", ".join(FaultTarget)
        raise invalid("invalid_fault", f"`operation` must be one of {known}.", param="operation") from None


def _kind(name: str) -> FaultKind:
    try:
        return FaultKind(name)
    except ValueError:
        raise invalid("invalid_fault", f"`kind` must be one of {', '.join(FaultKind)}.", param="kind") from None
