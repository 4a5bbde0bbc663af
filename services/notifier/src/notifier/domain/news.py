"""News the notifier reacts to: what happened to an order, a post, an offer or a link, in words ready for people."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kernel.ids import CardmemberId, Network, NetworkUserId, OfferId, OrderId, PostId


class OrderNewsKind(StrEnum):
    """What happened to an order, as far as anybody is told."""

    HELD = "HELD"
    CONFIRMATION_REFUSED = "CONFIRMATION_REFUSED"
    EXPIRED = "EXPIRED"
    DECLINED = "DECLINED"
    AUTHORIZED = "AUTHORIZED"
    SHIPPED = "SHIPPED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"


class LinkNewsKind(StrEnum):
    """What happened to a link."""

    ACTIVATED = "ACTIVATED"
    FROZEN = "FROZEN"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The message that brought the news."""

    message_id: str
    at: datetime
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order as people are told of it; amounts are written out."""

    order_id: OrderId
    version: int
    network: Network
    post_id: PostId
    author_id: NetworkUserId
    author_handle: str
    cardmember_id: CardmemberId | None
    merchant: str
    title: str
    price: str
    tax: str
    shipping: str
    total: str
    refunded: str
    confirmation_tag: str
    confirming_post_id: PostId | None
    card_last4: str
    digital: bool
    remorse_ends_at: datetime | None
    deliver_by: datetime | None
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNews:
    """Something happened to an order; `answer_to` is the post it answers, where it answers one."""

    kind: OrderNewsKind
    order: OrderView
    cause: Cause
    reason: str = ""
    answer_to: PostId | None = None
    confirm_window_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalNews:
    """A purchase could not be."""

    network: Network
    post_id: PostId
    author_id: NetworkUserId
    author_handle: str
    order_id: OrderId | None
    cardmember_id: CardmemberId | None
    tag: str
    reason: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferNews:
    """An offer was published."""

    offer_id: OfferId
    network: Network
    tag: str
    title: str
    price: str
    ends_at: datetime
    time_zone: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkNews:
    """Something happened to a link."""

    kind: LinkNewsKind
    link_id: str
    cardmember_id: CardmemberId
    network: Network
    reason: str
    cause: Cause


News = OrderNews | RefusalNews | OfferNews | LinkNews
