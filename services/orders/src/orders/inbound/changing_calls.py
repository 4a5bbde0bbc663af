"""Changing calls: each single call that changes an order is done once for its request id."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis.idempotent_calls import AnswerOnce, request_id_of
from chassis.validation import read_money, read_text, refuse_field
from hashtill.orders.v1 import orders_service_pb2 as pb
from kernel.ids import OrderId
from kernel.page_addresses import PageGrant, PagePurpose
from kernel.refusals import Refusal, RefusedError
from kernel.secret import Secret
from orders.domain.limits import Limits
from orders.domain.order import ConfirmationKind, Order
from orders.domain.purchasing import LinkStatus
from orders.domain.states import CancelReason
from orders.inbound.reading import read_cancel_reason, read_grant, read_merchant_id, read_order_id
from orders.outbound.order_messages import order_message
from orders.usecases.change_order import (
    Asked,
    accept_shipment,
    cancel_order,
    confirm_order,
    return_order,
    ship_order,
)
from orders.usecases.ports import Links, Transactions
from orders.usecases.read_orders import get_orders

CARRIER_CHARACTERS_MAX = 50
TRACKING_CHARACTERS_MAX = 100
WHY_CHARACTERS_MAX = 200

_CONFIRMS: Mapping[PagePurpose, ConfirmationKind] = MappingProxyType(
    {
        PagePurpose.CONFIRM: ConfirmationKind.MAIL,
        PagePurpose.VIEW: ConfirmationKind.PAGE,
    }
)
"""The mail's button and the order page's; an address that disowns confirms nothing."""

_CANCEL_BY: Mapping[CancelReason, frozenset[PagePurpose]] = MappingProxyType(
    {
        CancelReason.CARDMEMBER: frozenset({PagePurpose.VIEW}),
        CancelReason.NOT_ME: frozenset({PagePurpose.VIEW, PagePurpose.DISOWN}),
        CancelReason.OPERATOR: frozenset(),
    }
)
"""Which address may take back for which reason: a page speaks for the cardmember, never for an operator."""

R = TypeVar("R", bound=Message)
Act = Callable[[Asked, Any], Awaitable[Order | Refusal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangingParts:
    """What changing calls need."""

    transactions: Transactions
    links: Links
    limits: Limits
    page_key: Secret[bytes]


class ChangingCalls:
    """ConfirmOrder, CancelOrder, AcceptShipment, RecordShipment and RequestReturn."""

    def __init__(self, parts: ChangingParts) -> None:
        self._changing = parts
        self._once: AnswerOnce[Any] = AnswerOnce(
            parts.transactions,
            requests=lambda unit, scope: unit.requests(scope),
        )

    async def ConfirmOrder(self, request: pb.ConfirmOrderRequest, _context: object) -> pb.ConfirmOrderResponse:  # noqa: N802 - gRPC's name
        """Confirm by a button; the link is asked before the transaction."""
        grant = await self._grant(request.page_token, frozenset(_CONFIRMS))
        active = await self._link_is_active(grant.order_id)

        async def act(asked: Asked, transactions: Any) -> Order | Refusal:
            kind = _CONFIRMS[grant.purpose]
            return await confirm_order(
                asked, kind, link_is_active=active, transactions=transactions, limits=self._changing.limits
            )

        return await self._change(request, pb.ConfirmOrderResponse, grant.order_id, act)

    async def CancelOrder(self, request: pb.CancelOrderRequest, _context: object) -> pb.CancelOrderResponse:  # noqa: N802 - as above
        """Take back."""
        reason = read_cancel_reason(request.reason)
        order_id = await self._order_to_cancel(request, reason)

        async def act(asked: Asked, transactions: Any) -> Order | Refusal:
            return await cancel_order(asked, reason, transactions=transactions, limits=self._changing.limits)

        return await self._change(request, pb.CancelOrderResponse, order_id, act)

    async def AcceptShipment(self, request: pb.AcceptShipmentRequest, _context: object) -> pb.AcceptShipmentResponse:  # noqa: N802 - as above
        """Take on."""
        merchant_id = read_merchant_id(request.merchant_id)

        async def act(asked: Asked, transactions: Any) -> Order | Refusal:
            return await accept_shipment(asked, merchant_id, transactions=transactions, limits=self._changing.limits)

        return await self._change(request, pb.AcceptShipmentResponse, read_order_id(request.order_id), act)

    async def RecordShipment(self, request: pb.RecordShipmentRequest, _context: object) -> pb.RecordShipmentResponse:  # noqa: N802 - as above
        """Note a parcel."""
        merchant_id = read_merchant_id(request.merchant_id)
        carrier = read_text(request.carrier, "carrier", characters_max=CARRIER_CHARACTERS_MAX)
        number = read_text(request.tracking_number, "tracking_number", characters_max=TRACKING_CHARACTERS_MAX)

        async def act(asked: Asked, transactions: Any) -> Order | Refusal:
            return await ship_order(
                asked,
                merchant_id,
                carrier=carrier,
                tracking_number=number,
                transactions=transactions,
                limits=self._changing.limits,
            )

        return await self._change(request, pb.RecordShipmentResponse, read_order_id(request.order_id), act)

    async def RequestReturn(self, request: pb.RequestReturnRequest, _context: object) -> pb.RequestReturnResponse:  # noqa: N802 - as above
        """Give back."""
        merchant_id = read_merchant_id(request.merchant_id)
        amount = read_money(request.amount, "amount", minor_min=1) if request.HasField("amount") else None
        why = read_text(request.reason, "reason", characters_max=WHY_CHARACTERS_MAX, required=False)

        async def act(asked: Asked, transactions: Any) -> Order | Refusal:
            return await return_order(
                asked, merchant_id, amount, why=why, transactions=transactions, limits=self._changing.limits
            )

        return await self._change(request, pb.RequestReturnResponse, read_order_id(request.order_id), act)

    async def _change(self, request: Any, response_type: type[R], order_id: OrderId, act: Act) -> R:
        asked = Asked(order_id=order_id, request_id=request_id_of(request))

        async def do(transactions: Any) -> R:
            outcome = await act(asked, transactions)
            if isinstance(outcome, Refusal):
                raise RefusedError(outcome)
            return response_type(order=order_message(outcome))

        return await self._once(request, response_type, do)

    async def _order_to_cancel(self, request: pb.CancelOrderRequest, reason: CancelReason) -> OrderId:
        if request.WhichOneof("subject") is None:
            refuse_field("subject", "one of page_token and order_id must be set.")
        if request.HasField("order_id"):
            return read_order_id(request.order_id)
        return (await self._grant(request.page_token, _CANCEL_BY[reason])).order_id

    async def _grant(self, token: str, allowed: frozenset[PagePurpose]) -> PageGrant:
        async with self._changing.transactions.begin() as unit:
            at = unit.at
        return read_grant(token, key=self._changing.page_key, at=at, allowed=allowed)

    async def _link_is_active(self, order_id: OrderId) -> bool:
        """Ask whether the order's own link still buys; an unknown order is refused later."""
        order = (await get_orders([order_id], transactions=self._changing.transactions)).get(order_id)
        if order is None:
            return False
        account = (order.network, order.author_id)
        link = (await self._changing.links.of_accounts([account])).get(account)
        return link is not None and link.status is LinkStatus.ACTIVE and link.link_id == order.link_id
