"""The order that the saga's tests begin with."""

from services.orders.tests.orders_world import ANN, LIMITS, START, TAG
from services.orders.tests.peers_kept import link_of

from kernel.ids import NetworkUserId, PostId, X
from orders.domain.change import Cause
from orders.domain.order import Order
from orders.domain.posts import Post, PostKind
from orders.domain.purchasing import received

CAUSE = Cause(at=START, limits=LIMITS)


def _post() -> Post:
    return Post(
        message_id="20261123-m",
        network=X,
        post_id=PostId("1"),
        version_id=PostId("1"),
        author_id=NetworkUserId("1001"),
        author_handle="ann",
        author_protected=False,
        posted_at=START,
        kind=PostKind.POST,
        target_post_id=None,
        tags=(TAG,),
        language="en",
        traceparent=None,
    )


def received_order() -> Order:
    return received(_post(), TAG, link_of(ANN), CAUSE).order
