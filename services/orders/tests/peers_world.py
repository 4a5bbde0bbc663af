"""Identity, offers and payments on the wire, over the peers of the small world."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from grpc import aio
from services.orders.tests.orders_world import World
from services.orders.tests.peers_kept import SHIP_TO, terms

from chassis.grpc_client import open_channel
from chassis.grpc_server import GrpcServer
from chassis.health import Health
from chassis.refusal_status import status_of
from hashtill.common.v1 import postal_address_pb2
from hashtill.identity.v1 import identity_service_pb2 as identity_pb
from hashtill.identity.v1 import identity_service_pb2_grpc as identity_grpc
from hashtill.identity.v1 import link_pb2
from hashtill.offers.v1 import hold_pb2, offer_pb2
from hashtill.offers.v1 import offers_service_pb2 as offers_pb
from hashtill.offers.v1 import offers_service_pb2_grpc as offers_grpc
from hashtill.payments.v1 import charge_pb2
from hashtill.payments.v1 import payments_service_pb2 as payments_pb
from hashtill.payments.v1 import payments_service_pb2_grpc as payments_grpc
from kernel.ids import Network, NetworkUserId, OrderId
from kernel.money import Money
from kernel.refusals import Refusal, RefusalKind, RefusedError
from orders.domain.charging import ChargeSeen
from orders.domain.order import Charge
from orders.domain.purchasing import LinkStatus
from orders.outbound.order_messages import money_message

BUSY = Refusal(kind=RefusalKind.EXHAUSTED, reason="TOO_BUSY", message="Try again soon.")
AWAY = Refusal(kind=RefusalKind.BUSY, reason="PEER_UNAVAILABLE", message="Away.")


class IdentityOnTheWire(identity_grpc.IdentityServiceServicer):
    def __init__(self, world: World) -> None:
        self.world = world

    async def BatchGetLinks(self, request: Any, _context: Any) -> Any:  # noqa: N802 - gRPC's name
        if self.world.links.away:
            raise RefusedError(AWAY)
        return identity_pb.BatchGetLinksResponse(results=[self._result(key) for key in request.keys])

    def _result(self, key: Any) -> Any:
        link = self.world.links.links.get((Network(key.network), NetworkUserId(key.network_user_id)))
        if link is None or link.status is LinkStatus.NOT_LINKED:
            missing = Refusal(kind=RefusalKind.NOT_FOUND, reason="NOT_LINKED", message="Not linked.")
            return identity_pb.LinkResult(status=status_of(missing))
        return identity_pb.LinkResult(
            link=link_pb2.Link(
                link_id=str(link.link_id),
                cardmember_id=str(link.cardmember_id),
                card_token=link.card_token or "",
                status=link_pb2.LinkStatus.Value(f"LINK_STATUS_{link.status}"),
                ship_to_country=link.ship_to_country,
                ship_to_region=link.ship_to_region,
                language=link.language,
            )
        )


class OffersOnTheWire(offers_grpc.OffersServiceServicer):
    def __init__(self, world: World) -> None:
        self.world, self.busy = world, False

    async def BatchHoldStock(self, request: Any, _context: Any) -> Any:  # noqa: N802 - as above
        orders: Any = [_order(item.order_id) for item in request.items]
        answers = await self.world.stock.hold(orders)
        return offers_pb.BatchHoldStockResponse(results=[self._hold(item.order_id, answers) for item in request.items])

    async def BatchCommitHolds(self, request: Any, _context: Any) -> Any:  # noqa: N802 - as above
        answers = await self.world.stock.commit([_order(order_id) for order_id in request.order_ids])
        return offers_pb.BatchCommitHoldsResponse(
            results=[
                offers_pb.CommitResult(order_id=str(order_id), status=status_of(refusal) if refusal else None)
                for order_id, refusal in answers.items()
            ]
        )

    async def BatchReleaseHolds(self, request: Any, _context: Any) -> Any:  # noqa: N802 - as above
        answers = await self.world.stock.release([_order(order_id) for order_id in request.order_ids])
        results = [offers_pb.ReleaseResult(order_id=str(order_id)) for order_id in answers]
        return offers_pb.BatchReleaseHoldsResponse(results=results)

    def _hold(self, order_id: str, answers: Any) -> Any:
        held = BUSY if self.busy else answers[UUID(order_id)]
        if isinstance(held, Refusal):
            return offers_pb.HoldResult(order_id=order_id, status=status_of(held))
        hold = hold_pb2.Hold(
            order_id=order_id,
            offer_id=held.offer_id,
            merchant_id=held.merchant_id,
            merchant_name=held.merchant_name,
            title=held.title,
            fulfilment=offer_pb2.FULFILMENT_DIGITAL if held.digital else offer_pb2.FULFILMENT_GOODS,
        )
        for name in ("price", "tax", "shipping", "total"):
            getattr(hold, name).CopyFrom(money_message(getattr(held, name)))
        return offers_pb.HoldResult(order_id=order_id, hold=hold)


class PaymentsOnTheWire(payments_grpc.PaymentsServiceServicer):
    def __init__(self, world: World) -> None:
        self.world, self.refund_pending = world, False

    async def BatchAuthorize(self, request: Any, _context: Any) -> Any:  # noqa: N802 - as above
        assert all(item.amount.amount_minor == terms().total.amount_minor for item in request.items)
        orders = [_order(item.order_id, item.attempt) for item in request.items]
        return payments_pb.BatchAuthorizeResponse(results=_results(await self.world.charges.authorize(orders)))

    async def BatchGetCharges(self, request: Any, _context: Any) -> Any:  # noqa: N802 - as above
        orders = [_order(key.order_id, key.attempt) for key in request.keys]
        return payments_pb.BatchGetChargesResponse(results=_results(await self.world.charges.ask(orders)))

    async def BatchVoid(self, request: Any, _context: Any) -> Any:  # noqa: N802 - as above
        orders = [_order(key.order_id, key.attempt) for key in request.keys]
        return payments_pb.BatchVoidResponse(results=_results(await self.world.charges.void(orders)))

    async def BatchCapture(self, request: Any, _context: Any) -> Any:  # noqa: N802 - as above
        orders = [self._of_charge(charge_id) for charge_id in request.charge_ids]
        return payments_pb.BatchCaptureResponse(results=_results(await self.world.charges.capture(orders)))

    async def Refund(self, request: Any, _context: Any) -> Any:  # noqa: N802 - as above
        if self.world.charges.refusal is not None:
            raise RefusedError(self.world.charges.refusal)
        order = self._of_charge(request.charge_id)
        seen = self.world.charges.charges[order.order_id, order.charge.attempt]
        given = seen.refunded_minor + request.amount.amount_minor
        after = self.world.charges.charges[order.order_id, seen.attempt] = replace(seen, refunded_minor=given)
        return payments_pb.RefundResponse(charge=_charge(order.order_id, after), pending=self.refund_pending)

    async def BatchGetBillingAddresses(self, request: Any, _context: Any) -> Any:  # noqa: N802 - as above
        address = postal_address_pb2.PostalAddress(name=SHIP_TO.name, lines=SHIP_TO.lines, city=SHIP_TO.city)
        results = [payments_pb.BillingAddressResult(address=address) for _ in request.card_tokens]
        return payments_pb.BatchGetBillingAddressesResponse(results=results)

    def _of_charge(self, charge_id: str) -> Any:
        ((order_id, attempt),) = (
            key for key, seen in self.world.charges.charges.items() if str(seen.charge_id) == charge_id
        )
        return _order(str(order_id), attempt)


class OnTheWire:
    """The three peers and one channel to all of them."""

    def __init__(self, world: World, target: str, channel: aio.Channel, servicers: Sequence[Any]) -> None:
        self.world, self.target, self.channel = world, target, channel
        self.identity, self.offers, self.payments = servicers


@asynccontextmanager
async def on_the_wire(world: World) -> AsyncIterator[OnTheWire]:
    identity = IdentityOnTheWire(world)  # type: ignore[abstract] # orders calls these methods alone
    offers = OffersOnTheWire(world)  # type: ignore[abstract] # as above
    payments = PaymentsOnTheWire(world)  # type: ignore[abstract] # as above
    registered: list[tuple[Any, Any]] = [
        (identity_grpc.add_IdentityServiceServicer_to_server, identity),
        (offers_grpc.add_OffersServiceServicer_to_server, offers),
        (payments_grpc.add_PaymentsServiceServicer_to_server, payments),
    ]
    server = GrpcServer("127.0.0.1:0", registered, health=Health())
    await server.start()
    target = f"127.0.0.1:{server.port}"
    channel = open_channel(target)
    yield OnTheWire(world, target, channel, (identity, offers, payments))
    await channel.close(None)
    await server.stop(grace_seconds=0)


def _order(order_id: str, attempt: int = 1) -> Any:
    """Give as much of an order as the peers of the small world look at."""
    return SimpleNamespace(order_id=OrderId(UUID(order_id)), charge=Charge(attempt=attempt))


def _results(answers: dict[OrderId, ChargeSeen | Refusal]) -> list[Any]:
    return [
        payments_pb.ChargeResult(status=status_of(answer))
        if isinstance(answer, Refusal)
        else payments_pb.ChargeResult(charge=_charge(order_id, answer))
        for order_id, answer in answers.items()
    ]


def _charge(order_id: OrderId, seen: ChargeSeen) -> charge_pb2.Charge:
    refunded = Money(amount_minor=seen.refunded_minor, currency_code="USD")
    return charge_pb2.Charge(
        charge_id=str(seen.charge_id),
        order_id=str(order_id),
        attempt=seen.attempt,
        state=charge_pb2.ChargeState.Value(f"CHARGE_STATE_{seen.state}"),
        card_last4=seen.card_last4,
        decline_code=seen.decline_code,
        refunded=money_message(refunded),
    )
