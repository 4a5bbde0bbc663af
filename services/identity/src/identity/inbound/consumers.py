"""Events that touch links: an order was disowned, or the network withdrew our access."""

from collections.abc import Sequence
from datetime import UTC

from chassis.messages import ReceivedMessage
from hashtill.orders.v1.events_pb2 import OrderDisowned
from hashtill.social.v1.social_post_pb2 import AccountRevoked
from identity.usecases.end_links import Revoked, end_revoked
from identity.usecases.freeze_link import Disowned, freeze_disowned
from identity.usecases.ports import Transactions
from kernel.ids import Network, NetworkUserId


class LinkEvents:
    """Handlers for identity's two consumers; each has its effect once, by its inbox row."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def disowned(self, messages: Sequence[ReceivedMessage]) -> None:
        """Freeze the links of orders whose cardmember said "not me"."""
        disowned = [
            Disowned(
                message_id=message.message_id,
                account=(Network(message.event.order.network), NetworkUserId(message.event.order.author_id)),
            )
            for message in messages
            if isinstance(message.event, OrderDisowned)
        ]
        await freeze_disowned(disowned, transactions=self._transactions)

    async def revoked(self, messages: Sequence[ReceivedMessage]) -> None:
        """End the links of accounts that withdrew our access at the network."""
        revoked = [
            Revoked(
                message_id=message.message_id,
                account=(Network(message.event.network), NetworkUserId(message.event.author_id)),
                at=message.event.revoked_at.ToDatetime(tzinfo=UTC)
                if message.event.HasField("revoked_at")
                else message.at,
            )
            for message in messages
            if isinstance(message.event, AccountRevoked)
        ]
        await end_revoked(revoked, transactions=self._transactions)
