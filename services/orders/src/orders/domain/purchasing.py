"""Purchasing: whether a post may buy, and the order it makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from kernel.ids import CardmemberId, CardToken, LinkId, order_id_of
from kernel.tags import Tag
from orders.domain.change import Cause, Change, born
from orders.domain.limits import Limits
from orders.domain.order import Order
from orders.domain.posts import Post
from orders.domain.states import State


class LinkStatus(StrEnum):
    """How far an author's link is; only ACTIVE buys."""

    NOT_LINKED = "NOT_LINKED"
    PENDING = "PENDING"
    CARD_REFUSED = "CARD_REFUSED"
    ACTIVE = "ACTIVE"
    FROZEN = "FROZEN"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An account's link as identity tells it; ids are None until it has them."""

    status: LinkStatus
    refusal_reason: str = ""
    link_id: LinkId | None = None
    cardmember_id: CardmemberId | None = None
    card_token: CardToken | None = None
    ship_to_country: str = ""
    ship_to_region: str = ""
    language: str = ""


NOT_LINKED = Link(status=LinkStatus.NOT_LINKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A cardmember's unconfirmed orders, and when their latest ones expired, newest first."""

    unconfirmed: int = 0
    expiries: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRefused:
    """A post that made no order: what its author is told."""

    post: Post
    tag: Tag
    cardmember_id: CardmemberId | None
    reason: str
    language: str
    at: datetime


def reason_not_to_buy(
    post: Post, tags: Sequence[Tag], link: Link, standing: Standing, *, at: datetime, limits: Limits
) -> str | None:
    """Say why this post orders nothing, the first reason that holds; None when it may buy."""
    if len(tags) > 1:
        return "TWO_TAGS"
    if (reason := _reason_of_link(link)) is not None:
        return reason
    if post.author_protected:
        return "ACCOUNT_PROTECTED"
    if at - post.posted_at > limits.post_age_max:
        return "POST_TOO_OLD"
    if standing.unconfirmed >= limits.open_orders_max:
        return "TOO_MANY_OPEN"
    return "COOLING_DOWN" if is_cooling_down(standing, at=at, limits=limits) else None


def is_cooling_down(standing: Standing, *, at: datetime, limits: Limits) -> bool:
    """Whether the last `expiries_max` orders expired within a day of each other and the newest is under an hour old."""
    last = list(standing.expiries[: limits.expiries_max])
    if len(last) < limits.expiries_max:
        return False
    return last[0] - last[-1] <= limits.expiries_within and at < last[0] + limits.cool_down


def received(post: Post, tag: Tag, link: Link, cause: Cause) -> Change:
    """Make the order of a post that may buy; its id is derived from the post, so a repeat finds itself."""
    if link.link_id is None or link.cardmember_id is None or link.card_token is None:
        raise ValueError("An active link has its ids.")
    order = Order(
        order_id=order_id_of(network=post.network, post_id=post.post_id),
        state=State.RECEIVED,
        version=1,
        network=post.network,
        post_id=post.post_id,
        version_id=post.version_id,
        author_id=post.author_id,
        author_handle=post.author_handle,
        language=link.language or post.language,
        link_id=link.link_id,
        cardmember_id=link.cardmember_id,
        card_token=link.card_token,
        ship_to_country=link.ship_to_country,
        ship_to_region=link.ship_to_region,
        tag=tag,
        posted_at=post.posted_at,
        created_at=cause.at,
        updated_at=cause.at,
        traceparent=post.traceparent,
    )
    return born(order, cause)


def refused(post: Post, tags: Sequence[Tag], link: Link, reason: str, *, at: datetime) -> PostRefused:
    """Tell the author of a post why it ordered nothing."""
    return PostRefused(
        post=post,
        tag=tags[0],
        cardmember_id=link.cardmember_id,
        reason=reason,
        language=link.language or post.language,
        at=at,
    )


def _reason_of_link(link: Link) -> str | None:
    match link.status:
        case LinkStatus.ACTIVE:
            return None
        case LinkStatus.NOT_LINKED | LinkStatus.ENDED:
            return "NOT_LINKED"
        case LinkStatus.PENDING:
            return "LINK_PENDING"
        case LinkStatus.FROZEN:
            return "LINK_FROZEN"
        case LinkStatus.CARD_REFUSED:
            return link.refusal_reason or "LINK_PENDING"
        case _:
            assert_never(link.status)
