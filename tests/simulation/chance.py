"""Chance: what is drawn comes from the seed, each purpose from a stream of its own; and which faults strike."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, log
from random import Random


class Fault(StrEnum):
    """What can go wrong; each is counted when it happens."""

    __hash__ = str.__hash__  # the string's own: an enumeration's is ten times slower, and asked for at every step

    DELIVERY_LOST = "delivery lost"
    DELIVERY_DUPLICATED = "delivery duplicated"
    DELIVERY_DELAYED = "delivery delayed"
    DELIVERY_REORDERED = "delivery reordered"
    ACK_LOST = "acknowledgement lost"
    PUBLISH_ANSWER_LOST = "publish answer lost"
    TAIL_LOST = "broker tail lost"
    BROKER_DOWN = "broker down"
    CRASH_AT_A_STEP = "crash at a step"
    CRASH_AT_REST = "crash at rest"
    COMMIT_ANSWER_LOST = "COMMIT answer lost, committed"
    COMMIT_LOST = "COMMIT answer lost, rolled back"
    CALL_LOST = "call lost"
    ANSWER_LOST = "call's answer lost"
    PEER_UNREACHABLE = "peer unreachable"
    CLOCK_STEPPED = "clock stepped"
    PROCESSOR_REQUEST_LOST = "processor request lost"
    PROCESSOR_ANSWER_LOST = "processor time-out after success"
    X_POST_LOST = "X post lost"
    X_ANSWER_LOST = "X time-out after success"
    X_RATE_LIMITED = "X rate limited"
    X_FRAME_LATE = "X frame late"
    X_FRAME_DOUBLED = "X frame doubled"
    STREAM_DROPPED = "stream dropped"
    ARCHIVE_FAILED = "X search failed"
    MAIL_REFUSED = "mail server refused for now"
    MAIL_ANSWER_LOST = "mail taken, answer lost"


RATES: Mapping[Fault, float] = {
    Fault.DELIVERY_LOST: 0.010,
    Fault.DELIVERY_DUPLICATED: 0.012,
    Fault.DELIVERY_DELAYED: 0.012,
    Fault.DELIVERY_REORDERED: 0.05,
    Fault.ACK_LOST: 0.012,
    Fault.PUBLISH_ANSWER_LOST: 0.010,
    Fault.CRASH_AT_A_STEP: 0.0012,
    Fault.COMMIT_ANSWER_LOST: 0.004,
    Fault.COMMIT_LOST: 0.003,
    Fault.CALL_LOST: 0.008,
    Fault.ANSWER_LOST: 0.012,
    Fault.PROCESSOR_REQUEST_LOST: 0.02,
    Fault.PROCESSOR_ANSWER_LOST: 0.04,
    Fault.X_POST_LOST: 0.02,
    Fault.X_ANSWER_LOST: 0.05,
    Fault.X_RATE_LIMITED: 0.01,
    Fault.X_FRAME_LATE: 0.05,
    Fault.X_FRAME_DOUBLED: 0.04,
    Fault.ARCHIVE_FAILED: 0.10,
    Fault.MAIL_REFUSED: 0.02,
    Fault.MAIL_ANSWER_LOST: 0.02,
}
"""How often each strikes where it can, in a seed of ordinary weather; what is not here is planned (see `plan`)."""


def stream(seed: int, purpose: str) -> Random:
    """Give the random numbers of one purpose: what else is drawn elsewhere does not shift them."""
    return Random(f"{seed}:{purpose}")  # noqa: S311 - a simulation is replayed, it keeps no secret


@dataclass(slots=True)
class Weather:
    """Which faults strike: rates times the seed's `storm`, none of the `spared`; each strike has a name, `kind#3`."""

    seed: int
    storm: float
    spared: frozenset[str] = frozenset()
    on_strike: Callable[[str, str], None] = lambda _name, _where: None
    fair: bool = True
    """Nothing strikes while it is fair: at the setting up and after the world has healed."""
    counts: Counter[Fault] = field(default_factory=Counter)
    struck: list[str] = field(default_factory=list)
    _asked: dict[Fault, int] = field(default_factory=lambda: dict.fromkeys(Fault, 0))
    _due: dict[Fault, float] = field(default_factory=dict)
    """The how-manieth time that each is asked about it strikes next."""
    _draws: dict[Fault, Callable[[], float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._draws = {fault: stream(self.seed, fault).random for fault in RATES}
        self._due = {fault: self._asks(fault) for fault in RATES}

    def strikes(self, fault: Fault, where: str) -> bool:
        """Tell whether a fault strikes here and now."""
        if self.fair:
            return False
        self._asked[fault] = asked = self._asked[fault] + 1
        if asked < self._due[fault]:
            return False
        self._due[fault] = asked + self._asks(fault)
        return self.planned(fault, where, number=asked)

    def planned(self, fault: Fault, where: str, *, number: int) -> bool:
        """Note a fault that was planned beforehand; tells whether it happens at all."""
        name = f"{fault}#{number}"
        if name in self.spared or str(fault) in self.spared:
            return False
        self.counts[fault] += 1
        self.struck.append(name)
        self.on_strike(name, where)
        return True

    def _asks(self, fault: Fault) -> float:
        """Draw how many times it is asked about until it strikes, as if a coin were tossed each time."""
        rate = min(RATES[fault] * self.storm, 1.0)
        if rate in {0.0, 1.0}:
            return 1.0 if rate else inf
        return 1.0 + log(1.0 - self._draws[fault]()) // log(1.0 - rate)
