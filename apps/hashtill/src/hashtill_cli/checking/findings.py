"""Findings: what a rule looked at and what it found broken, by invariant."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

BREACHES_MAX = 1_000
"""Breaches of one invariant that are kept; nobody reads more, and the count goes on."""

_NUMBERS = re.compile(r"[0-9]+")


class Invariant(StrEnum):
    """What must hold always."""

    AMOUNT = "I1"
    CONFIRMED = "I2"
    STOCK = "I3"
    LEDGER = "I4"
    GIVEN_BACK = "I5"
    AGE = "I6"
    ONE_EFFECT = "I7"
    OUTBOX = "I8"
    ONE_ANSWER = "I9"
    NO_SECRET = "I10"  # noqa: S105 - a name of a rule


TITLES = {
    Invariant.AMOUNT: "taken at most what the prompt said, one authorization at a time",
    Invariant.CONFIRMED: "every charge has a confirmation in time by the linked author",
    Invariant.STOCK: "available + held + committed = total, held = open holds",
    Invariant.LEDGER: "debits = credits, our ledger = the processor's",
    Invariant.GIVEN_BACK: "what ended holds no money and no stock",
    Invariant.AGE: "nothing sits in a state past its maximum age",
    Invariant.ONE_EFFECT: "a post has at most one effect",
    Invariant.OUTBOX: "each outbox row is in its stream or unpublished",
    Invariant.ONE_ANSWER: "one reply a post, one prompt and one receipt an order",
    Invariant.NO_SECRET: "no card number, CVV or secret anywhere",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One broken promise: what is wrong in words, and the ids to look at."""

    invariant: Invariant
    what: str
    ids: tuple[str, ...]
    order_id: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """Give what stays the same when it is seen again: its ages and sums may have grown."""
        return (self.invariant, _NUMBERS.sub("#", self.what), *self.ids)


@dataclass(slots=True, kw_only=True)
class Findings:
    """What was counted and what was found, over all pages; `left_out` says what could not be judged, and why."""

    counts: dict[Invariant, Counter[str]] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    broken: Counter[Invariant] = field(default_factory=Counter)
    left_out: dict[Invariant, Counter[str]] = field(default_factory=dict)

    def count(self, invariant: Invariant, what: str, number: int = 1) -> None:
        """Count what was looked at."""
        self.counts.setdefault(invariant, Counter())[what] += number

    def leave_out(self, invariant: Invariant, why: str, number: int = 1) -> None:
        """Count what could not be judged."""
        if number:
            self.left_out.setdefault(invariant, Counter())[why] += number

    def add(self, breaches: Iterable[Breach]) -> None:
        """Keep breaches, at most BREACHES_MAX an invariant."""
        for breach in breaches:
            self.broken[breach.invariant] += 1
            if self.broken[breach.invariant] <= BREACHES_MAX:
                self.breaches.append(breach)

    def lasting(self, before: "Findings") -> "Findings":
        """Give these findings with only those breaches that were there at the look before, too."""
        lasting = Findings(counts=self.counts, left_out=self.left_out)
        known = {breach.key for breach in before.breaches}
        lasting.add(breach for breach in self.breaches if breach.key in known)
        return lasting
