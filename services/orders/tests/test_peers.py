"""Peers on the wire: the whole purchase over gRPC, and what their being away or busy means."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Never
from uuid import uuid4

import grpc
import pytest
from grpc import aio
from services.orders.tests.orders_world import ANN, BOB, World
from services.orders.tests.peers_kept import no, usd
from services.orders.tests.peers_world import OnTheWire, on_the_wire

from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceStub
from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from kernel.ids import CardToken, NetworkUserId, X
from kernel.refusals import Refusal
from orders.domain.charging import ChargeSeen, ChargeState
from orders.domain.order import Order, Refund
from orders.domain.purchasing import NOT_LINKED, LinkStatus
from orders.domain.states import State
from orders.inbound.steps import Steps
from orders.outbound.links import KEYS_MAX, GrpcLinks
from orders.outbound.peers import GrpcAddresses, GrpcCharges, GrpcStock
from orders.usecases.take_steps import Peers


@pytest.fixture
async def wire(memory_world: World) -> AsyncIterator[OnTheWire]:
    async with on_the_wire(memory_world) as wire:
        yield wire


async def test_a_purchase_goes_through_over_the_wire(wire: OnTheWire, memory_world: World) -> None:
    memory_world.steps = Steps(
        peers=Peers(
            links=GrpcLinks(IdentityServiceStub(wire.channel)),
            stock=GrpcStock(OffersServiceStub(wire.channel)),
            charges=GrpcCharges(PaymentsServiceStub(wire.channel)),
            new_tag=memory_world.peers.new_tag,
        ),
        transactions=memory_world.transactions,
        limits=memory_world.limits,
    )

    order = await memory_world.authorized()

    assert order.state is State.AUTHORIZED
    assert order.charge.card_last4 == "1006"
    assert memory_world.stock.holds[order.order_id] == "COMMITTED"


async def test_links_are_read_in_batches_and_an_account_nobody_linked_is_known_as_such(wire: OnTheWire) -> None:
    accounts = [(X, NetworkUserId(str(number))) for number in range(KEYS_MAX + 1)]

    links = await GrpcLinks(IdentityServiceStub(wire.channel)).of_accounts([(X, ANN), *accounts])

    assert len(links) == KEYS_MAX + 2
    assert links[X, ANN].status is LinkStatus.ACTIVE
    assert links[accounts[0]] == NOT_LINKED


async def test_identity_away_is_an_outage_that_consumers_wait_out(wire: OnTheWire, memory_world: World) -> None:
    memory_world.links.away = True

    with pytest.raises(ConnectionError):
        await GrpcLinks(IdentityServiceStub(wire.channel)).of_accounts([(X, ANN)])


async def test_offers_busy_is_not_known_yet_and_sold_out_is(wire: OnTheWire, memory_world: World) -> None:
    order, stock = await memory_world.held(), GrpcStock(OffersServiceStub(wire.channel))

    wire.offers.busy = True
    busy = await stock.hold([order])
    wire.offers.busy = False
    memory_world.stock.holds[order.order_id] = "RELEASED"
    refused = await stock.hold([order])

    assert busy == {}
    assert isinstance(refused[order.order_id], Refusal)


async def test_a_hold_is_released(wire: OnTheWire, memory_world: World) -> None:
    order = await memory_world.held()

    released = await GrpcStock(OffersServiceStub(wire.channel)).release([order])

    assert released == {order.order_id: None}


async def test_charges_are_asked_captured_voided_and_refunded(wire: OnTheWire, memory_world: World) -> None:
    order, other = await memory_world.authorized(), await memory_world.authorized(BOB)
    charges = GrpcCharges(PaymentsServiceStub(wire.channel))

    asked = await charges.ask([order, await memory_world.held()])
    voided, captured = await charges.void([other]), await charges.capture([order])
    refunded = await charges.refund([_refunding(order)])

    assert [_state(answer) for answer in asked.values()] == [ChargeState.AUTHORIZED, "CHARGE_NOT_FOUND"]
    assert _state(voided[other.order_id]) == ChargeState.VOIDED
    assert _state(captured[order.order_id]) == ChargeState.CAPTURED
    seen = refunded[order.order_id]
    assert isinstance(seen, ChargeSeen)
    assert seen.refunded_minor == 100


async def test_a_refund_pending_is_not_known_and_a_refused_one_is(wire: OnTheWire, memory_world: World) -> None:
    order = _refunding(await memory_world.authorized())
    charges = GrpcCharges(PaymentsServiceStub(wire.channel))

    wire.payments.refund_pending = True
    pending = await charges.refund([order])
    memory_world.charges.refusal = no("REFUND_DECLINED")
    refused = await charges.refund([order])

    assert pending == {}
    assert _state(refused[order.order_id]) == "REFUND_DECLINED"


async def test_a_peer_that_is_down_is_an_outage_that_steps_wait_out(memory_world: World) -> None:
    order = _refunding(await memory_world.authorized())
    async with aio.insecure_channel("127.0.0.1:1") as channel:
        stock, charges = GrpcStock(OffersServiceStub(channel)), GrpcCharges(PaymentsServiceStub(channel))
        calls = [stock.hold, stock.commit, stock.release, charges.ask, charges.authorize, charges.capture, charges.void]

        for call in calls:
            with pytest.raises(ConnectionError):
                await call([order])
        refunded = await charges.refund([order])

    assert refunded == {}


async def test_a_peer_that_takes_no_more_calls_has_not_answered_yet(memory_world: World) -> None:
    order = await memory_world.held()
    stock = GrpcStock(_Overloaded())  # type: ignore[arg-type] # stands in for the stub

    assert await stock.hold([order]) == {}


async def test_a_peers_bug_is_not_taken_for_an_answer(wire: OnTheWire, memory_world: World) -> None:
    order = await memory_world.held()
    memory_world.stock.holds.clear()

    with pytest.raises(aio.AioRpcError) as failed:
        await GrpcStock(OffersServiceStub(wire.channel)).commit([order])

    assert failed.value.code() is grpc.StatusCode.INTERNAL


async def test_addresses_are_read_for_the_merchant(wire: OnTheWire) -> None:
    token = CardToken("tok_1")

    found = await GrpcAddresses(PaymentsServiceStub(wire.channel)).of_cards([token])

    assert found[token].name == "Ann Example"


def _refunding(order: Order) -> Order:
    return replace(order, refund=Refund(request_id=uuid4(), asked_minor=usd(100).amount_minor))


def _state(answer: ChargeSeen | Refusal) -> str:
    return answer.reason if isinstance(answer, Refusal) else answer.state


class _Overloaded:
    """Offers at its limit of calls."""

    async def BatchHoldStock(self, _request: object, *, timeout: float) -> Never:  # noqa: N802, ASYNC109 - a stub's call
        code = grpc.StatusCode.RESOURCE_EXHAUSTED
        raise aio.AioRpcError(code, aio.Metadata(), aio.Metadata(), f"after {timeout} s", debug_error_string="")
