"""Showing: how records become messages; `main` gives it, for the events say the same."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hashtill.offers.v1 import hold_pb2, merchant_pb2, offer_pb2
from offers.domain.hold import Hold
from offers.domain.merchant import Merchant
from offers.domain.offer import Offer


class ShowOffer(Protocol):
    """Shows an offer as it stands at a moment."""

    def __call__(self, offer: Offer, *, at: datetime) -> offer_pb2.Offer:
        """Show it."""


class ShowHold(Protocol):
    """Shows a hold."""

    def __call__(self, hold: Hold) -> hold_pb2.Hold:
        """Show it."""


class ShowMerchant(Protocol):
    """Shows a merchant."""

    def __call__(self, merchant: Merchant) -> merchant_pb2.Merchant:
        """Show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """Everything that is shown."""

    offer: ShowOffer
    hold: ShowHold
    merchant: ShowMerchant
