"""Facts of offers: what others are told when something changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from kernel.ids import Network, OfferId
from kernel.tags import Tag
from offers.domain.offer import Offer, OfferKind, Stock


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPublished:
    """An offer was published for the first time."""

    offer: Offer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChanged:
    """A published offer was changed, paused or resumed."""

    offer: Offer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEnded:
    """An offer ended, by its window or by hand."""

    offer: Offer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StockExhausted:
    """The last available unit was held; some may come back."""

    offer_id: OfferId
    offer_version: int
    stock: Stock
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTag:
    """What others keep of an offer's tag; `version` rises for as long as the tag lives, over all its offers."""

    tag: Tag
    offer_id: OfferId
    kind: OfferKind
    channels: tuple[Network, ...]
    ends_at: datetime
    known_until: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TagKnown:
    """A tag is known from now on, or known with other contents."""

    known: KnownTag


@dataclass(frozen=True, slots=True, kw_only=True)
class TagForgotten:
    """A tag is no longer known."""

    tag: Tag
    version: int


OfferFact: TypeAlias = OfferPublished | OfferChanged | OfferEnded | StockExhausted | TagKnown | TagForgotten
