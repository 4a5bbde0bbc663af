"""Faults armed by a test or a person: refuse, slow down, or hang up on, the next n mails."""

from dataclasses import dataclass
from enum import StrEnum

COUNT_MAX = 1_000_000
MILLISECONDS_MAX = 60_000
CODES = range(400, 600)


class FaultKind(StrEnum):
    """REFUSE answers `code` at `stage`; SLOW answers DATA late; DROP keeps the mail and hangs up instead of the 250."""

    REFUSE = "refuse"
    SLOW = "slow"
    DROP = "drop"


class Stage(StrEnum):
    """Where a refusal is answered; DATA is after the whole mail was sent."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


@dataclass(slots=True, kw_only=True)
class Fault:
    """One armed fault and how often it still strikes."""

    kind: FaultKind
    count: int = 1
    stage: Stage = Stage.DATA
    code: int = 451
    milliseconds: int = 0


class Faults:
    """At most one fault of each kind and stage, so the table cannot grow."""

    def __init__(self) -> None:
        self._armed: dict[tuple[FaultKind, Stage], Fault] = {}

    def arm(self, fault: Fault) -> None:
        """Arm a fault; it replaces the one of the same kind and stage."""
        self._armed[fault.kind, fault.stage] = fault

    def disarm(self) -> None:
        """Take every fault away."""
        self._armed.clear()

    def armed(self) -> list[Fault]:
        """List what still strikes."""
        return list(self._armed.values())

    def take(self, kind: FaultKind, stage: Stage = Stage.DATA) -> Fault | None:
        """Use one up; None when nothing is armed."""
        fault = self._armed.get((kind, stage))
        if fault is not None:
            fault.count -= 1
            if fault.count == 0:
                del self._armed[kind, stage]
        return fault


def read_fault(contents: object) -> Fault:
    """Read {kind, count?, stage?, code?, milliseconds?}; a ValueError says what is wrong."""
    if not isinstance(contents, dict) or contents.keys() - {"kind", "count", "stage", "code", "milliseconds"}:
        raise ValueError("A fault is {kind, count?, stage?, code?, milliseconds?}.")
    return Fault(
        kind=FaultKind(str(contents.get("kind"))),
        count=_whole(contents, "count", default=1, allowed=range(1, COUNT_MAX + 1)),
        stage=Stage(contents.get("stage", Stage.DATA)),
        code=_whole(contents, "code", default=451, allowed=CODES),
        milliseconds=_whole(contents, "milliseconds", default=0, allowed=range(MILLISECONDS_MAX + 1)),
    )


def _whole(contents: dict[str, object], name: str, *, default: int, allowed: range) -> int:
    value = contents.get(name, default)
    if type(value) is not int or value not in allowed:
        raise ValueError(f"`{name}` must be an integer of {allowed.start} to {allowed.stop - 1}.")
    return value
