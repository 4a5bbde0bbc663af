"""Purchases as a chaos run remembers them: what each buyer meant to do, when it was seen, and how long it took."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from hashtill_cli.bench.purchases import Buyer


class Manner(StrEnum):
    """How a buyer answers a prompt."""

    AT_ONCE = "at once"
    AFTER_A_WHILE = "after a while"
    TOO_LATE = "too late"
    NEVER = "never"


MANNERS: Mapping[Manner, int] = {Manner.AT_ONCE: 70, Manner.AFTER_A_WHILE: 25, Manner.TOO_LATE: 2, Manner.NEVER: 3}
"""Of a hundred buyers."""

WHILE_SECONDS = (1.0, 12.0)
"""So that at any moment confirmations are still to come for prompts of before."""

LATE_SECONDS = 3.0
"""Past the window: what comes then must never be honoured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One wait of a buyer's: from their post to what answers it; `ended_at` is 0 while it lasts."""

    began_at: float
    ended_at: float

    def seconds(self, *, now: float) -> float:
        """How long it took, or takes until now."""
        return (self.ended_at or now) - self.began_at


@dataclass(slots=True, kw_only=True)
class Purchase:
    """One purchase; times in seconds of the network's clock, 0 while something has not happened."""

    buyer: Buyer
    manner: Manner
    post_id: str = ""
    posted_at: float = 0.0
    answered_at: float = 0.0
    """When the program's first reply was posted: the prompt, or a refusal."""
    prompted_at: float = 0.0
    prompts: int = 0
    confirm_id: str = ""
    confirmed_at: float = 0.0
    receipt_at: float = 0.0
    receipts: int = 0

    def in_time(self, *, window_seconds: float) -> bool:
        """Whether it was confirmed within the window, by the network's clock."""
        return bool(self.confirm_id) and self.confirmed_at <= self.prompted_at + window_seconds

    def legs(self) -> Iterator[Leg]:
        """Give the waits that have begun."""
        if self.posted_at:
            yield Leg(began_at=self.posted_at, ended_at=self.answered_at)
        if self.confirmed_at and self.manner is not Manner.TOO_LATE:
            yield Leg(began_at=self.confirmed_at, ended_at=self.receipt_at)


def drawn_manner(chance: Random) -> Manner:
    """Draw how a buyer will answer."""
    return chance.choices(list(MANNERS), weights=list(MANNERS.values()))[0]


def think_seconds(manner: Manner, chance: Random, *, window_seconds: float) -> float | None:
    """Draw how long a buyer thinks before the confirming post; None for one who never posts it."""
    match manner:
        case Manner.AT_ONCE:
            return 0.0
        case Manner.AFTER_A_WHILE:
            return chance.uniform(*WHILE_SECONDS)
        case Manner.TOO_LATE:
            return window_seconds + LATE_SECONDS
        case Manner.NEVER:
            return None
