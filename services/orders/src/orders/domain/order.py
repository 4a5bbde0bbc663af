"""Order: one purchase, from a post to a parcel, as one record; a change is a new one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from kernel.ids import (
    CardmemberId,
    CardToken,
    ChargeId,
    LinkId,
    MerchantId,
    Network,
    NetworkUserId,
    OfferId,
    OrderId,
    PostId,
)
from kernel.money import Money
from kernel.tags import ConfirmationTag, Tag
from orders.domain.states import CancelReason, State


class ConfirmationKind(StrEnum):
    """How an order was confirmed."""

    POST = "POST"
    REPOST = "REPOST"
    MAIL = "MAIL"
    PAGE = "PAGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was promised when the unit was held; it never changes afterwards."""

    offer_id: OfferId
    merchant_id: MerchantId
    merchant_name: str
    title: str
    price: Money
    tax: Money
    shipping: Money
    total: Money
    digital: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """That the cardmember said yes: how, when by the clock that judges it, and by which post."""

    kind: ConfirmationKind
    at: datetime
    post_id: PostId | None = None
    version_id: PostId | None = None
    target_post_id: PostId | None = None
    """The reposted reply; only while our own bookkeeping does not know our reply's id yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """The charge as far as orders knows it; `charge_id` is empty until this attempt is authorised."""

    attempt: int = 1
    charge_id: ChargeId | None = None
    card_last4: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """The parcel: accepted, then on its way."""

    accepted_at: datetime
    deliver_by: datetime
    carrier: str = ""
    tracking_number: str = ""
    shipped_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """What was given back so far, and the refund under way (its request id and amount in minor units)."""

    refunded_minor: int = 0
    request_id: UUID | None = None
    asked_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One row, one saga."""

    order_id: OrderId
    state: State
    version: int
    network: Network
    post_id: PostId
    version_id: PostId
    author_id: NetworkUserId
    author_handle: str
    language: str
    link_id: LinkId
    cardmember_id: CardmemberId
    card_token: CardToken
    ship_to_country: str
    ship_to_region: str
    tag: Tag
    posted_at: datetime
    created_at: datetime
    updated_at: datetime
    traceparent: str | None = None
    terms: Terms | None = None
    confirmation_tag: ConfirmationTag | None = None
    prompt_post_id: PostId | None = None
    confirm_by: datetime | None = None
    early: Confirmation | None = None
    """A confirmation that overtook our own bookkeeping of the reply; decided when ReplyPosted is applied."""
    confirmation: Confirmation | None = None
    charge: Charge = Charge()
    remorse_ends_at: datetime | None = None
    shipment: Shipment | None = None
    refund: Refund = Refund()
    ends_as: State | None = None
    reason: str = ""
    cancel_reason: CancelReason | None = None
    disowned: bool = False
    deadline_at: datetime | None = None
    next_step_at: datetime | None = None
    attempts: int = 0
