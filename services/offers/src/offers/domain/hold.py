"""A hold: one unit set aside for one order, with the terms it was promised at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kernel.ids import CardmemberId, MerchantId, Network, OfferId, OrderId
from kernel.money import Money
from kernel.tags import Tag
from offers.domain.offer import Fulfilment

LAPSE_AFTER = timedelta(minutes=60)
"""A net: four times the confirmation window, so only what orders forgot lapses."""


class HoldState(StrEnum):
    """HELD → COMMITTED → RELEASED; a HELD one lapses by itself."""

    HELD = "HELD"
    COMMITTED = "COMMITTED"
    RELEASED = "RELEASED"
    LAPSED = "LAPSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldAsked:
    """One unit wanted; windows are judged by the time of the post."""

    order_id: OrderId
    cardmember_id: CardmemberId
    network: Network
    tag: Tag
    posted_at: datetime
    ship_to_country: str
    ship_to_region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The terms of a hold; they do not change afterwards."""

    offer_version: int
    merchant_id: MerchantId
    merchant_name: str
    title: str
    tag: str
    price: Money
    tax: Money
    shipping: Money
    fulfilment: Fulfilment
    terms_url: str

    @property
    def total(self) -> Money:
        """Give what will be authorised."""
        return self.price + self.tax + self.shipping


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A unit set aside for an order."""

    order_id: OrderId
    offer_id: OfferId
    cardmember_id: CardmemberId
    promise: Promise
    state: HoldState
    lapse_at: datetime

    def is_open_at(self, at: datetime) -> bool:
        """Tell whether the unit still belongs to the order: committed, or held and not lapsed."""
        return self.state is HoldState.COMMITTED or (self.state is HoldState.HELD and at < self.lapse_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """An order that was released before any hold came: one that comes late is refused."""

    order_id: OrderId


KnownOrder = Hold | Tombstone
"""What is known of an order id."""
