"""Answers the notifier's RPCs."""

from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.validation import page_token, read_choice, read_page_size, read_page_token, read_uuid, refuse_field
from hashtill.notifier.v1 import delivery_pb2
from hashtill.notifier.v1 import notifier_service_pb2 as pb
from hashtill.notifier.v1.notifier_service_pb2_grpc import NotifierServiceServicer
from kernel.ids import OrderId
from notifier.domain.delivery import Channel, Delivery, DeliveryId, DeliveryState, Purpose
from notifier.usecases.ports import DeliveryFilter, PageCursor, Transactions
from notifier.usecases.read_deliveries import list_deliveries

_CHANNELS = {channel: delivery_pb2.Channel.Value(f"CHANNEL_{channel.value}") for channel in Channel}
_PURPOSES = {purpose: delivery_pb2.Purpose.Value(f"PURPOSE_{purpose.value}") for purpose in Purpose}
_STATES = {state: delivery_pb2.DeliveryState.Value(f"DELIVERY_STATE_{state.value}") for state in DeliveryState}
_STATE_WORDS = {number: word for word, number in _STATES.items()}


class NotifierServicer(NotifierServiceServicer):
    """What was said to whom."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def ListDeliveries(self, request: pb.ListDeliveriesRequest, _context: object) -> pb.ListDeliveriesResponse:  # noqa: N802 - gRPC's name
        """Read one page of deliveries."""
        limit = read_page_size(request.page_size)
        where = DeliveryFilter(
            order_id=OrderId(read_uuid(request.order_id, "order_id")) if request.order_id else None,
            states=frozenset(read_choice(each, _STATE_WORDS, "states") for each in request.states),
        )
        found = await list_deliveries(
            where, after=_read_cursor(request.page_token), limit=limit + 1, transactions=self._transactions
        )
        more = _cursor_token(found[limit - 1]) if len(found) > limit else ""
        return pb.ListDeliveriesResponse(deliveries=[_message(each) for each in found[:limit]], next_page_token=more)


def _message(delivery: Delivery) -> delivery_pb2.Delivery:
    return delivery_pb2.Delivery(
        delivery_id=str(delivery.delivery_id),
        channel=_CHANNELS[delivery.channel],
        purpose=_PURPOSES[delivery.purpose],
        state=_STATES[delivery.state],
        order_id=str(delivery.order_id or ""),
        offer_id=delivery.offer_id or "",
        cardmember_id=str(delivery.cardmember_id or ""),
        in_reply_to_post_id=delivery.in_reply_to or "",
        sent_id=delivery.sent_id,
        attempts=delivery.attempts,
        failure=delivery.failure,
        created_at=_stamp(delivery.created_at),
        sent_at=_stamp(delivery.sent_at) if delivery.sent_at else None,
    )


def _stamp(at: datetime) -> Timestamp:
    written = Timestamp()
    written.FromDatetime(at)
    return written


def _cursor_token(delivery: Delivery) -> str:
    return page_token(delivery.created_at.isoformat(), str(delivery.delivery_id))


def _read_cursor(token: str) -> PageCursor | None:
    position = read_page_token(token, parts=2)
    if position is None:
        return None
    try:
        return PageCursor(created_at=datetime.fromisoformat(position[0]), delivery_id=DeliveryId(UUID(position[1])))
    except ValueError:
        refuse_field("page_token", "is not a token this method gave; leave it empty to start from the first page.")
