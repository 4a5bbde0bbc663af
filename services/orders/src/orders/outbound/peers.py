"""Peers: offers and payments asked by batch; who is busy has not answered yet, who is away is waited out."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any, TypeVar

import grpc
from grpc import aio

from chassis.refusal_status import refusal_from_status, refusal_of
from hashtill.common.v1 import money_pb2, request_context_pb2
from hashtill.offers.v1 import offers_service_pb2, offers_service_pb2_grpc
from hashtill.payments.v1 import payments_service_pb2, payments_service_pb2_grpc
from kernel.ids import CardToken, OrderId
from kernel.refusals import Refusal, RefusalKind
from orders.domain.charging import ChargeSeen
from orders.domain.order import Order, Terms
from orders.outbound.order_messages import moment, money_message
from orders.outbound.peer_words import charge_of, ship_to_of, terms_of
from orders.usecases.ports import ShipTo

CALL_SECONDS = 3.0
"""A batch answers within 2 s; a third of the lease, so that a step never runs twice at once."""

STATEMENT_CHARACTERS_MAX = 22
"""What a card statement shows of a merchant."""

_AWAY = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})
_TOO_BUSY = "TOO_BUSY"

A = TypeVar("A")


class GrpcStock:
    """Offers, asked for holds."""

    def __init__(self, stub: "offers_service_pb2_grpc.OffersServiceAsyncStub") -> None:
        self._stub = stub

    async def hold(self, orders: Sequence[Order]) -> dict[OrderId, Terms | Refusal]:
        """Hold one unit for each; one that offers was too busy for is not known yet."""
        request = offers_service_pb2.BatchHoldStockRequest(items=[_hold_item(order) for order in orders])
        answer = await _answered(self._stub.BatchHoldStock(request, timeout=CALL_SECONDS))
        held: dict[OrderId, Terms | Refusal] = {}
        for order, result in _paired(orders, answer):
            refusal = refusal_from_status(result.status) if result.WhichOneof("result") == "status" else None
            if refusal is None:
                held[order.order_id] = terms_of(result.hold)
            elif not _is_passing(refusal):
                held[order.order_id] = refusal
        return held

    async def commit(self, orders: Sequence[Order]) -> dict[OrderId, Refusal | None]:
        """Make holds final."""
        request = offers_service_pb2.BatchCommitHoldsRequest(order_ids=[str(order.order_id) for order in orders])
        return _refusals(orders, await _answered(self._stub.BatchCommitHolds(request, timeout=CALL_SECONDS)))

    async def release(self, orders: Sequence[Order]) -> dict[OrderId, Refusal | None]:
        """Give units back."""
        request = offers_service_pb2.BatchReleaseHoldsRequest(order_ids=[str(order.order_id) for order in orders])
        return _refusals(orders, await _answered(self._stub.BatchReleaseHolds(request, timeout=CALL_SECONDS)))


class GrpcCharges:
    """Payments, asked for charges."""

    def __init__(self, stub: "payments_service_pb2_grpc.PaymentsServiceAsyncStub") -> None:
        self._stub = stub

    async def authorize(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        """Authorise totals, keyed by order and attempt."""
        request = payments_service_pb2.BatchAuthorizeRequest(items=[_authorize_item(order) for order in orders])
        return _charges(orders, await _answered(self._stub.BatchAuthorize(request, timeout=CALL_SECONDS)))

    async def ask(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        """Read charges by key."""
        request = payments_service_pb2.BatchGetChargesRequest(keys=[_key(order) for order in orders])
        return _charges(orders, await _answered(self._stub.BatchGetCharges(request, timeout=CALL_SECONDS)))

    async def capture(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        """Take what is authorised."""
        request = payments_service_pb2.BatchCaptureRequest(charge_ids=[str(order.charge.charge_id) for order in orders])
        return _charges(orders, await _answered(self._stub.BatchCapture(request, timeout=CALL_SECONDS)))

    async def void(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        """Give authorizations back."""
        request = payments_service_pb2.BatchVoidRequest(keys=[_key(order) for order in orders])
        return _charges(orders, await _answered(self._stub.BatchVoid(request, timeout=CALL_SECONDS)))

    async def refund(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        """Give money back, each by its own request id; payments has no batch for it."""
        answers = await asyncio.gather(*(self._refund(order) for order in orders))
        return {order.order_id: answer for order, answer in zip(orders, answers, strict=True) if answer is not None}

    async def _refund(self, order: Order) -> ChargeSeen | Refusal | None:
        request = payments_service_pb2.RefundRequest(
            context=request_context_pb2.RequestContext(request_id=str(order.refund.request_id), actor="orders"),
            charge_id=str(order.charge.charge_id),
            amount=money_pb2.Money(
                amount_minor=order.refund.asked_minor,
                currency_code=order.terms.total.currency_code if order.terms else "",
            ),
        )
        try:
            answer = await self._stub.Refund(request, timeout=CALL_SECONDS)
        except aio.AioRpcError as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            return None if _is_passing(refusal) else refusal
        return None if answer.pending else charge_of(answer.charge)


class GrpcAddresses:
    """Payments, asked for billing addresses."""

    def __init__(self, stub: "payments_service_pb2_grpc.PaymentsServiceAsyncStub") -> None:
        self._stub = stub

    async def of_cards(self, tokens: Sequence[CardToken]) -> dict[CardToken, ShipTo]:
        """Read the addresses of cards."""
        request = payments_service_pb2.BatchGetBillingAddressesRequest(card_tokens=tokens)
        answer = await self._stub.BatchGetBillingAddresses(request, timeout=CALL_SECONDS)
        return {
            token: ship_to_of(result.address)
            for token, result in zip(tokens, answer.results, strict=True)
            if result.WhichOneof("result") == "address"
        }


async def _answered(call: Awaitable[A]) -> A | None:
    """Wait for an answer; None when the peer is busy, ConnectionError when it is away: both leave the end unknown."""
    try:
        return await call
    except aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
            return None
        if error.code() in _AWAY:
            raise ConnectionError(f"No answer: {error.code().name}") from error
        raise


def _paired(orders: Sequence[Order], answer: Any) -> Iterator[tuple[Order, Any]]:
    return zip(orders, answer.results, strict=True) if answer is not None else iter(())


def _refusals(orders: Sequence[Order], answer: Any) -> dict[OrderId, Refusal | None]:
    found = {order.order_id: refusal_from_status(result.status) for order, result in _paired(orders, answer)}
    return {order_id: refusal for order_id, refusal in found.items() if refusal is None or not _is_passing(refusal)}


def _charges(orders: Sequence[Order], answer: Any) -> dict[OrderId, ChargeSeen | Refusal]:
    charges: dict[OrderId, ChargeSeen | Refusal] = {}
    for order, result in _paired(orders, answer):
        if result.WhichOneof("result") == "charge":
            charges[order.order_id] = charge_of(result.charge)
        elif (refusal := refusal_from_status(result.status)) is not None and not _is_passing(refusal):
            charges[order.order_id] = refusal
    return charges


def _is_passing(refusal: Refusal) -> bool:
    return refusal.kind is RefusalKind.BUSY or refusal.reason == _TOO_BUSY


def _hold_item(order: Order) -> offers_service_pb2.HoldItem:
    return offers_service_pb2.HoldItem(
        order_id=str(order.order_id),
        cardmember_id=str(order.cardmember_id),
        network=order.network,
        tag=order.tag,
        posted_at=moment(order.posted_at),
        ship_to_country=order.ship_to_country,
        ship_to_region=order.ship_to_region,
    )


def _authorize_item(order: Order) -> payments_service_pb2.AuthorizeItem:
    terms = order.terms
    if terms is None:
        raise ValueError(f"{order.order_id} is to be charged without terms.")
    return payments_service_pb2.AuthorizeItem(
        order_id=str(order.order_id),
        attempt=order.charge.attempt,
        card_token=order.card_token,
        amount=money_message(terms.total),
        merchant_id=terms.merchant_id,
        statement_descriptor=terms.merchant_name[:STATEMENT_CHARACTERS_MAX],
    )


def _key(order: Order) -> payments_service_pb2.ChargeKey:
    return payments_service_pb2.ChargeKey(order_id=str(order.order_id), attempt=order.charge.attempt)
