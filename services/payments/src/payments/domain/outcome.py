"""Outcomes: what the processor said to one operation, in our words."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It was done; `reference` is the processor's id of the authorization, capture, or refund."""

    reference: str
    network_reference: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """A final no, for example "insufficient_funds"."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A final no, because the authorization holds nothing any more: lapsed, voided, or unknown there."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """No answer, or one that leaves it open; never read as a no."""

    why: str


Outcome: TypeAlias = Done | Declined | Gone | Unknown
