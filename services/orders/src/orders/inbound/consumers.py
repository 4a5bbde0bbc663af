"""Consumers: messages of the other services become domain words, a batch at a time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from uuid import UUID

from chassis.messages import Outcome, ReceivedMessage, RetryAfter
from chassis.telemetry import current_traceparent
from hashtill.identity.v1 import events_pb2 as identity_events
from hashtill.notifier.v1 import delivery_pb2
from hashtill.notifier.v1 import events_pb2 as notifier_events
from hashtill.payments.v1 import events_pb2 as payments_events
from hashtill.social.v1 import social_post_pb2
from kernel.ids import CardmemberId, LinkId, Network, NetworkUserId, OrderId, PostId
from kernel.tags import Tag, canonical_tag, is_confirmation_tag
from orders.domain.cutoff import Watermark
from orders.domain.limits import Limits
from orders.domain.posts import Post, PostKind
from orders.outbound.peer_words import charge_of
from orders.usecases.follow_orders import ChargeTold, LinkLost, Posted, Reply, apply_charges, apply_replies, lose_links
from orders.usecases.ports import Links, Transactions
from orders.usecases.receive_posts import receive_posts

SOCIAL_TYPES = (social_post_pb2.SocialPost, social_post_pb2.Watermark)
NOTIFIER_TYPES = (notifier_events.ReplyPosted, notifier_events.ReplyFailed)
PAYMENTS_TYPES = (
    payments_events.ChargeAuthorized,
    payments_events.ChargeDeclined,
    payments_events.ChargeCaptured,
    payments_events.ChargeVoided,
    payments_events.ChargeLapsed,
    payments_events.ChargeRefunded,
)
IDENTITY_TYPES = (identity_events.LinkFrozen, identity_events.LinkEnded)

_KINDS = {
    social_post_pb2.POST_KIND_POST: PostKind.POST,
    social_post_pb2.POST_KIND_REPLY: PostKind.REPLY,
    social_post_pb2.POST_KIND_QUOTE: PostKind.QUOTE,
    social_post_pb2.POST_KIND_REPOST: PostKind.REPOST,
    social_post_pb2.POST_KIND_DELETE: PostKind.DELETE,
}
"""Kinds from the future are skipped."""


TAG_LAG_SECONDS = 1.0
TAG_LAG_DELIVERIES = 2
"""A post with tags but none that we know is looked at again after a second, twice: tags reach each service apart."""


class Consumers:
    """The handlers of orders' four consumers."""

    def __init__(
        self, *, is_known: Callable[[Tag], bool], links: Links, transactions: Transactions, limits: Limits
    ) -> None:
        self._is_known, self._links = is_known, links
        self._transactions, self._limits = transactions, limits

    async def social(self, messages: Sequence[ReceivedMessage]) -> Mapping[str, Outcome]:
        """Take posts and watermarks; a post whose tags nobody knows yet comes again."""
        early = [message.message_id for message in messages if self._may_be_early(message)]
        taken = [message for message in messages if message.message_id not in early]
        posts = [post for message in taken if (post := _post_of(message)) is not None]
        watermarks = [
            _watermark_of(message.event) for message in messages if isinstance(message.event, social_post_pb2.Watermark)
        ]
        await receive_posts(
            posts,
            watermarks,
            is_known=self._is_known,
            links=self._links,
            transactions=self._transactions,
            limits=self._limits,
        )
        return {message_id: RetryAfter(seconds=TAG_LAG_SECONDS) for message_id in early}

    def _may_be_early(self, message: ReceivedMessage) -> bool:
        """Whether the gateway may have kept a post for a tag that our own copy of the known tags lacks still."""
        event = message.event
        if not isinstance(event, social_post_pb2.SocialPost) or message.deliveries > TAG_LAG_DELIVERIES:
            return False
        tags = [canonical_tag(tag) for tag in event.tags]
        return bool(tags) and not any(self._is_known(tag) or is_confirmation_tag(tag) for tag in tags)

    async def notifier(self, messages: Sequence[ReceivedMessage]) -> None:
        """Take what became of our prompts; other replies are none of ours."""
        replies = [reply for message in messages if (reply := _reply_of(message)) is not None]
        if replies:
            await apply_replies(replies, transactions=self._transactions, limits=self._limits)

    async def payments(self, messages: Sequence[ReceivedMessage]) -> None:
        """Take what became of charges."""
        told = [
            ChargeTold(
                message_id=message.message_id,
                order_id=OrderId(UUID(charge.order_id)),
                seen=charge_of(charge),
            )
            for message in messages
            if (charge := getattr(message.event, "charge", None)) is not None
        ]
        await apply_charges(told, transactions=self._transactions, limits=self._limits)

    async def identity(self, messages: Sequence[ReceivedMessage]) -> None:
        """Take lost links; one that never had a card has no orders."""
        lost = [
            LinkLost(
                message_id=message.message_id,
                cardmember_id=CardmemberId(UUID(message.event.cardmember_id)),
                link_id=LinkId(UUID(message.event.link_id)),
            )
            for message in messages
            if isinstance(message.event, identity_events.LinkFrozen | identity_events.LinkEnded)
            and message.event.cardmember_id
        ]
        if lost:
            await lose_links(lost, transactions=self._transactions, limits=self._limits)


def _post_of(message: ReceivedMessage) -> Post | None:
    event = message.event
    if not isinstance(event, social_post_pb2.SocialPost) or event.kind not in _KINDS:
        return None
    return Post(
        message_id=message.message_id,
        network=Network(event.network),
        post_id=PostId(event.post_id),
        version_id=PostId(event.version_id or event.post_id),
        author_id=NetworkUserId(event.author_id),
        author_handle=event.author_handle,
        author_protected=event.author_protected,
        posted_at=event.posted_at.ToDatetime(UTC),
        kind=_KINDS[event.kind],
        target_post_id=PostId(event.target_post_id) if event.target_post_id else None,
        tags=tuple(canonical_tag(tag) for tag in event.tags),
        language=event.language,
        traceparent=message.traceparent or current_traceparent(),
    )


def _watermark_of(event: social_post_pb2.Watermark) -> Watermark:
    return Watermark(network=Network(event.network), shard=event.shard, at=event.at.ToDatetime(UTC))


def _reply_of(message: ReceivedMessage) -> Reply | None:
    event = message.event
    if not isinstance(event, notifier_events.ReplyPosted | notifier_events.ReplyFailed):
        return None
    if event.purpose != delivery_pb2.PURPOSE_PROMPT or not event.order_id:
        return None
    order_id = OrderId(UUID(event.order_id))
    if isinstance(event, notifier_events.ReplyFailed):
        failure = event.reason or "UNKNOWN"
        return Reply(message_id=message.message_id, order_id=order_id, failure=failure)
    return Reply(
        message_id=message.message_id,
        order_id=order_id,
        posted=Posted(post_id=PostId(event.post_id), at=event.posted_at.ToDatetime(UTC)),
    )
