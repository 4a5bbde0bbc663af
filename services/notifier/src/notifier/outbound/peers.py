"""Identity and orders, asked over gRPC at the moment of sending."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hashtill.identity.v1 import contact_pb2, identity_service_pb2
from hashtill.orders.v1 import order_pb2, orders_service_pb2
from kernel.ids import CardmemberId, OrderId
from notifier.usecases.ports import Recipient

if TYPE_CHECKING:  # the stubs exist for type checkers alone
    from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceAsyncStub
    from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

CALL_SECONDS = 2.5
"""Both answer a batch from one statement; who asks keeps what it leased meanwhile."""


class IdentityContacts:
    """Identity's contacts."""

    def __init__(self, stub: "IdentityServiceAsyncStub") -> None:
        self._stub = stub

    async def of(self, cardmember_ids: Sequence[CardmemberId]) -> Mapping[CardmemberId, Recipient]:
        """Read contacts; unknown ones are left out."""
        if not cardmember_ids:
            return {}
        request = identity_service_pb2.BatchGetContactsRequest(cardmember_ids=[str(each) for each in cardmember_ids])
        answer = await self._stub.BatchGetContacts(request, timeout=CALL_SECONDS)
        found = zip(cardmember_ids, answer.results, strict=True)
        return {each: _recipient(each, result.contact) for each, result in found if result.HasField("contact")}


class OrdersPrompting:
    """Orders, asked whether prompts are still wanted."""

    def __init__(self, stub: "OrdersServiceAsyncStub") -> None:
        self._stub = stub

    async def still_prompting(self, order_ids: Sequence[OrderId]) -> set[OrderId]:
        """Give those that still wait for our reply."""
        request = orders_service_pb2.BatchGetOrdersRequest(order_ids=[str(each) for each in order_ids])
        answer = await self._stub.BatchGetOrders(request, timeout=CALL_SECONDS)
        found = zip(order_ids, answer.results, strict=True)
        return {each for each, result in found if result.order.state == order_pb2.ORDER_STATE_PROMPTING}


def _recipient(cardmember_id: CardmemberId, contact: contact_pb2.Contact) -> Recipient:
    return Recipient(
        cardmember_id=cardmember_id,
        name=contact.name,
        email=contact.email,
        language=contact.language,
        no_receipt_replies=contact_pb2.OPT_OUT_RECEIPT_REPLIES in contact.opt_outs,
    )
