"""Other services' events: identity's links say whom to watch, the notifier's replies what may be answered."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from uuid import UUID

from google.protobuf.message import Message

from chassis.messages import Dead, Outcome, ReceivedMessage
from gateway.usecases.follow_events import follow_links, follow_prompts
from gateway.usecases.ports import LinkChange, PromptPosted, Transactions
from hashtill.identity.v1.events_pb2 import LinkActivated, LinkEnded, LinkFrozen
from hashtill.notifier.v1.delivery_pb2 import Purpose
from hashtill.notifier.v1.events_pb2 import ReplyPosted
from kernel.ids import LinkId, Network, NetworkUserId, PostId

LINK_TYPES: tuple[type[Message], ...] = (LinkActivated, LinkFrozen, LinkEnded)
LINK_SUBJECTS = tuple(f"hashtill.identity.v1.{name}.>" for name in ("link_activated", "link_frozen", "link_ended"))
PROMPT_TYPES: tuple[type[Message], ...] = (ReplyPosted,)
PROMPT_SUBJECTS = ("hashtill.notifier.v1.reply_posted.>",)


class LinkEvents:
    """Handles a batch of identity's events; `changed` is called after the commit."""

    def __init__(self, *, network: Network, transactions: Transactions, changed: Callable[[], None]) -> None:
        self._network, self._transactions, self._changed = network, transactions, changed

    async def handle(self, messages: Sequence[ReceivedMessage]) -> Mapping[str, Outcome]:
        """Watch or unwatch; an event without a proper link id can never be read and is kept as a dead letter."""
        changes, dead = [], {}
        for message in messages:
            change = self._change(message)
            if isinstance(change, Dead):
                dead[message.message_id] = change
            elif change is not None:
                changes.append(change)
        if changes:
            await follow_links(changes, transactions=self._transactions)
            self._changed()
        return dead

    def _change(self, message: ReceivedMessage) -> LinkChange | Dead | None:
        event = message.event
        if not isinstance(event, LinkActivated | LinkFrozen | LinkEnded) or event.network != self._network:
            return None
        try:
            link_id = LinkId(UUID(event.link_id))
        except ValueError:
            return Dead(reason=f"link_id {event.link_id!r} is no UUID")
        return LinkChange(
            link_id=link_id,
            user_id=NetworkUserId(event.network_user_id),
            watched=isinstance(event, LinkActivated),
            version=message.version,
        )


class PromptEvents:
    """Handles a batch of the notifier's replies."""

    def __init__(self, *, network: Network, transactions: Transactions) -> None:
        self._network, self._transactions = network, transactions

    async def handle(self, messages: Sequence[ReceivedMessage]) -> Mapping[str, Outcome]:
        """Remember prompts; other replies ask for nothing."""
        prompts = [
            PromptPosted(
                post_id=PostId(event.post_id),
                in_reply_to_post_id=PostId(event.in_reply_to_post_id),
                posted_at=event.posted_at.ToDatetime(tzinfo=UTC) if event.HasField("posted_at") else message.at,
            )
            for message in messages
            if isinstance(event := message.event, ReplyPosted)
            and event.network == self._network
            and event.purpose == Purpose.PURPOSE_PROMPT
        ]
        await follow_prompts(prompts, transactions=self._transactions)
        return {}
