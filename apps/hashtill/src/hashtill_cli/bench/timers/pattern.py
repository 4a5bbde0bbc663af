"""The order that all others are copies of: posted, held, prompted, by the domain's own steps."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from chassis.messages import inbox_id
from kernel.ids import CardmemberId, CardToken, LinkId, MerchantId, NetworkUserId, OfferId, PostId, X
from kernel.money import Money
from kernel.snowflakes import first_snowflake_at
from kernel.tags import Tag, new_confirmation_tag
from orders.domain.change import Cause, Change, looked_at
from orders.domain.confirming import prompted
from orders.domain.holding import apply_hold
from orders.domain.limits import Limits
from orders.domain.order import Terms
from orders.domain.posts import Post, PostKind
from orders.domain.purchasing import Link, LinkStatus, received

TAG = Tag("buykindlefirehd")

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

LINK = Link(
    status=LinkStatus.ACTIVE,
    link_id=LinkId(UUID(int=1)),
    cardmember_id=CardmemberId(UUID(int=2)),
    card_token=CardToken("tok_0af7651916cd43dd8448eb211c80319c"),
    ship_to_country="US",
    ship_to_region="NY",
    language="en",
)


def story_of_one(at: datetime) -> Iterator[Change]:
    """Give the changes that bring one order to AWAITING_CONFIRMATION; each is to be saved before the next."""
    cause = Cause(at=at, limits=Limits(), id="bench")
    change = received(_post(at), TAG, LINK, cause)
    yield change
    change = apply_hold(looked_at(change.order), cause, held=_terms(), tag=new_confirmation_tag(lambda _: 0))
    yield change
    reply_id = PostId(str(first_snowflake_at(at) + 1))
    yield prompted(looked_at(change.order), reply_id=reply_id, posted_at=at, cause=cause)[0]


def _post(at: datetime) -> Post:
    post_id = PostId(str(first_snowflake_at(at)))
    return Post(
        message_id=inbox_id(name="bench", at=at),
        network=X,
        post_id=post_id,
        version_id=post_id,
        author_id=NetworkUserId("1504210223116181504"),
        author_handle="mia_dbcnz0",
        author_protected=False,
        posted_at=at,
        kind=PostKind.POST,
        target_post_id=None,
        tags=(TAG,),
        language="en",
        traceparent=TRACE,
    )


def _terms() -> Terms:
    return Terms(
        offer_id=OfferId("kindle-fire-hd"),
        merchant_id=MerchantId("acme-electronics"),
        merchant_name="Acme Electronics",
        title="Kindle Fire HD",
        price=_usd(14_999),
        tax=_usd(1_332),
        shipping=_usd(0),
        total=_usd(16_331),
        digital=False,
    )


def _usd(minor: int) -> Money:
    return Money(amount_minor=minor, currency_code="USD")
