"""Facts payments tells: a card was entered, or a charge changed in a way others act on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from kernel.money import Money
from payments.domain.card import KnownCard
from payments.domain.charge import Charge


class ChargeFactKind(StrEnum):
    """Which fact it is."""

    AUTHORIZED = "AUTHORIZED"
    DECLINED = "DECLINED"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    LAPSED = "LAPSED"
    REFUNDED = "REFUNDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeFact:
    """One fact about a charge as it stood right after; `cause` is the trace of the call that wanted it."""

    kind: ChargeFactKind
    charge: Charge
    amount: Money
    at: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFact:
    """A card was entered and put in the vault."""

    card: KnownCard
    at: datetime


Fact: TypeAlias = ChargeFact | CardFact
