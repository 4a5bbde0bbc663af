"""Reconciling: our ledger against the processor's, order by order; any difference is for a person."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class MovementKind(StrEnum):
    """What both sides call a movement; a void, a lapse and a release are one: the hold is given back."""

    AUTHORIZE = "AUTHORIZE"
    CAPTURE = "CAPTURE"
    GIVE_BACK = "GIVE_BACK"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One movement on either side; `reference` is the order's id."""

    reference: str
    kind: MovementKind
    amount_minor: int
    currency_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where the sums of an order's movements of one kind differ."""

    reference: str
    kind: MovementKind
    currency_code: str
    ours_minor: int
    theirs_minor: int


_Key: TypeAlias = tuple[str, MovementKind, str]


def differences(
    ours: Iterable[Movement], theirs: Iterable[Movement], *, unsettled: Collection[str] = frozenset()
) -> list[Difference]:
    """Compare the sums; orders with an operation under way are left out, for one side is ahead there."""
    our_sums, their_sums = _sums(ours), _sums(theirs)
    return [
        Difference(
            reference=key[0],
            kind=key[1],
            currency_code=key[2],
            ours_minor=our_sums[key],
            theirs_minor=their_sums[key],
        )
        for key in sorted(our_sums.keys() | their_sums.keys())
        if key[0] not in unsettled and our_sums[key] != their_sums[key]
    ]


def _sums(movements: Iterable[Movement]) -> Counter[_Key]:
    sums: Counter[_Key] = Counter()
    for movement in movements:
        sums[movement.reference, movement.kind, movement.currency_code] += movement.amount_minor
    return sums
