"""Ports: what offers' use cases need of the world, as Protocols; memory and PostgreSQL keep one shared suite."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kernel.ids import MerchantId, Network, OfferId, OrderId
from kernel.tags import Tag
from offers.domain.events import KnownTag, OfferFact, TagForgotten
from offers.domain.hold import Hold, HoldAsked, HoldState, KnownOrder
from offers.domain.holding import HoldFacts
from offers.domain.merchant import Merchant
from offers.domain.offer import Offer, OfferState, Stock


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFilter:
    """Which offers a list shows; None and empty mean any."""

    merchant_id: MerchantId | None = None
    states: frozenset[OfferState] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPosition:
    """Where the next page of offers begins: after this one, newest first."""

    created_at: datetime
    offer_id: OfferId


@dataclass(frozen=True, slots=True, kw_only=True)
class FavoritePosition:
    """Where the next page of favorites begins: after this one, sold-out last, soonest to end first."""

    sold_out: bool
    ends_at: datetime
    offer_id: OfferId


class Merchants(Protocol):
    """The merchants."""

    async def by_ids(self, merchant_ids: Sequence[MerchantId]) -> Mapping[MerchantId, Merchant]:
        """Load merchants by id; unknown ids are left out."""

    async def page(self, *, after: MerchantId | None, limit: int) -> Sequence[Merchant]:
        """Load one page, by id."""

    async def save(self, merchant: Merchant) -> None:
        """Write a merchant, new or changed."""


class Offers(Protocol):
    """The offers with their stock. Whoever changes one holds its stock row's lock: `locked` takes it."""

    async def by_ids(self, offer_ids: Sequence[OfferId]) -> Mapping[OfferId, Offer]:
        """Load offers by id; unknown ids are left out."""

    async def locked(self, offer_ids: Sequence[OfferId]) -> Mapping[OfferId, Offer]:
        """Lock offers in the order of their ids until the transaction ends, then load them as they stand."""

    async def holder_of(self, tag: Tag) -> Offer | None:
        """Lock a tag against other publishers, then load and lock the published or paused offer that has it."""

    async def add(self, offer: Offer) -> bool:
        """Write a new offer; False when its id is in use."""

    async def save(self, offers: Sequence[Offer]) -> None:
        """Write offers that `locked` gave."""

    async def page(
        self, where: OfferFilter, *, at: datetime, after: OfferPosition | None, limit: int
    ) -> Sequence[Offer]:
        """Load one page, newest first; states are told as of `at`."""

    async def favorites(
        self, network: Network | None, *, at: datetime, after: FavoritePosition | None, limit: int
    ) -> Sequence[Offer]:
        """Load one page of scheduled and live offers, sold-out last, soonest to end first."""

    async def in_view(self, *, ended_since: datetime, limit: int) -> Sequence[Offer]:
        """Load what a watcher may have seen: every published or paused offer, and those ended since."""

    async def due_to_end(self, *, at: datetime, limit: int) -> Sequence[OfferId]:
        """Find published and paused offers whose window is over, longest over first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What came of adding holds: the orders whose hold was written, and the stock of their offers after it."""

    order_ids: frozenset[OrderId]
    stock: Mapping[OfferId, Stock]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A hold's change of state."""

    hold: Hold
    becomes: HoldState


class Holds(Protocol):
    """The holds. Everything that changes one locks the stock of its offer first, in the order of offer ids."""

    async def facts(self, asked: Sequence[HoldAsked]) -> HoldFacts:
        """Lock the stock of every offer that may answer; in the next statement load all that decides."""

    async def add(self, holds: Sequence[Hold]) -> Added:
        """Write new holds and take from stock as many as were written; a known order or a second open one is not."""

    async def locked(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, KnownOrder]:
        """Lock the stock behind these orders; in the next statement load what is known of them."""

    async def move(self, moves: Sequence[Move]) -> None:
        """Change states and stock together; holds as `locked` gave them."""

    async def bury(self, order_ids: Sequence[OrderId]) -> frozenset[OrderId]:
        """Write tombstones for unknown orders; those that are known by now are left out of the answer."""

    async def due_to_lapse(self, *, at: datetime, limit: int) -> Sequence[OrderId]:
        """Find held ones whose time is over, longest over first."""


class KnownTags(Protocol):
    """The tags others filter by, with a version that rises for as long as a tag exists."""

    async def by_tag(self, tag: Tag) -> KnownTag | None:
        """Load a tag's entry, forgotten or not, locked until the transaction ends."""

    async def save(self, known: KnownTag) -> None:
        """Write a tag's entry."""

    async def forget(self, forgotten: Sequence[TagForgotten]) -> None:
        """Mark tags as no longer known."""

    async def due_to_forget(self, *, at: datetime, limit: int) -> Sequence[KnownTag]:
        """Load and lock known tags whose time is over; those locked elsewhere are left out."""


class Outbox(Protocol):
    """What leaves the service, written with its cause."""

    async def add(self, facts: Sequence[OfferFact]) -> None:
        """Write facts to be told."""


class Unit(Protocol):
    """One transaction's view of offers' tables."""

    @property
    def merchants(self) -> Merchants:
        """Give the merchants."""

    @property
    def offers(self) -> Offers:
        """Give the offers."""

    @property
    def holds(self) -> Holds:
        """Give the holds."""

    @property
    def known_tags(self) -> KnownTags:
        """Give the known tags."""

    @property
    def outbox(self) -> Outbox:
        """Give the outbox."""

    @property
    def at(self) -> datetime:
        """Give the database's clock when the transaction began."""


class Transactions(Protocol):
    """Opens transactions; commits at the end of the block, rolls back when it raises."""

    def begin(self) -> AbstractAsyncContextManager[Unit]:
        """Begin one."""
