"""The world of offers' tests: a clock moved by hand, a shop over either store, a merchant and an offer."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from kernel.ids import CardmemberId, Network, OfferId, OrderId
from kernel.money import Money
from kernel.refusals import Refusal
from kernel.tags import Tag
from offers.domain.drafting import OfferDraft
from offers.domain.hold import HoldAsked
from offers.domain.offer import Fulfilment, Offer, OfferKind, TaxRule
from offers.outbound.postgres import PostgresTransactions
from offers.usecases.ports import Transactions
from offers.usecases.publish_offer import publish_offer
from offers.usecases.write_merchant import write_merchant
from offers.usecases.write_offer import create_offer

MERCHANT = "acme"
NETWORK = Network("x")


@dataclass
class Clock:
    """The database's clock, moved by hand."""

    at: datetime = field(default_factory=lambda: datetime(2013, 2, 14, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A store under test: transactions at a clock, and shortcuts to fill it."""

    transactions: Transactions
    clock: Clock
    events: Callable[[], Any]

    async def merchant(self, merchant_id: str = MERCHANT) -> None:
        accepted(
            await write_merchant(
                merchant_id=merchant_id,
                display_name="Acme Electronics",
                support_email="help@acme.example",
                allow_missing=True,
                transactions=self.transactions,
            )
        )

    async def drafted(self, **changes: Any) -> Offer:
        await self.merchant()
        offer: Offer = accepted(await create_offer(a_draft(self.clock(), **changes), transactions=self.transactions))
        return offer

    async def published(self, **changes: Any) -> Offer:
        draft = await self.drafted(**changes)
        offer: Offer = accepted(await publish_offer(draft.offer_id, transactions=self.transactions))
        return offer

    async def offer(self, offer_id: str = "kindle") -> Offer:
        async with self.transactions.begin() as unit:
            return (await unit.offers.by_ids([OfferId(offer_id)]))[OfferId(offer_id)]


def a_draft(at: datetime, **changes: Any) -> OfferDraft:
    """An offer that opened a day ago and closes in a week."""
    fields: dict[str, Any] = {
        "offer_id": "kindle",
        "merchant_id": MERCHANT,
        "kind": OfferKind.PURCHASE,
        "tag": "BuyKindleFireHD",
        "title": "Kindle Fire HD",
        "description": "A tablet.",
        "price": Money(amount_minor=149_99, currency_code="USD"),
        "shipping": None,
        "tax_rule": TaxRule(default_basis_points=0, region_basis_points={"NY": 887}),
        "stock_total": 10,
        "per_member_limit": 1,
        "starts_at": at - timedelta(days=1),
        "ends_at": at + timedelta(days=7),
        "time_zone": "America/New_York",
        "channels": ("x",),
        "fulfilment": Fulfilment.GOODS,
        "ship_to_countries": ("US",),
        "terms_url": "https://acme.example/terms",
    }
    return OfferDraft(**fields | changes)


def never_an_outage(_error: BaseException) -> bool:
    return False


def asks(offer_tag: str = "buykindlefirehd", *, at: datetime, **changes: Any) -> HoldAsked:
    """A hold wanted by a new order of a new cardmember, posted now."""
    fields: dict[str, Any] = {
        "order_id": OrderId(uuid.uuid4()),
        "cardmember_id": CardmemberId(uuid.uuid4()),
        "network": NETWORK,
        "tag": Tag(offer_tag),
        "posted_at": at,
        "ship_to_country": "US",
        "ship_to_region": "NY",
    }
    return HoldAsked(**fields | changes)


def accepted(answer: Any) -> Any:
    """Give an answer that must be no refusal."""
    assert not isinstance(answer, Refusal), answer
    return answer


def reason_of(answer: Any) -> str:
    """Give the reason of an answer that must be a refusal."""
    assert isinstance(answer, Refusal), answer
    return answer.reason


@dataclass(frozen=True, kw_only=True)
class ClockedTransactions:
    """PostgreSQL's transactions, told the test's time."""

    inner: PostgresTransactions
    clock: Clock

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with self.inner.begin() as unit:
            yield replace_at(unit, self.clock())


def replace_at(unit: Any, at: datetime) -> Any:
    """Give the same unit at another time."""
    fields = {name: getattr(unit, name) for name in type(unit).__dataclass_fields__}
    return type(unit)(**fields | {"at": at})
