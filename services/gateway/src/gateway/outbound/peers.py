"""Peers: identity, offers, orders and payments, asked on behalf of the browser that reads a page."""

import uuid
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from grpc import aio

from chassis.refusal_status import refusal_of
from hashtill.common.v1.request_context_pb2 import RequestContext
from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceStub
from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from kernel.refusals import RefusedError

if TYPE_CHECKING:
    from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceAsyncStub
    from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceAsyncStub
    from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub
    from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceAsyncStub

ACTOR = "cardmember"
"""Who asks, for the audit logs of the services."""

_ACTIONS = uuid.UUID("6f2a1c1e-3f0b-5c54-9d0a-0d4f8a4be00a")

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """The four services the pages ask."""

    identity: "IdentityServiceAsyncStub"
    offers: "OffersServiceAsyncStub"
    orders: "OrdersServiceAsyncStub"
    payments: "PaymentsServiceAsyncStub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """One channel to each."""

    identity: aio.Channel
    offers: aio.Channel
    orders: aio.Channel
    payments: aio.Channel

    async def close(self) -> None:
        """Close them all; calls in flight are taken back."""
        for channel in (self.identity, self.offers, self.orders, self.payments):
            await channel.close(None)


def peers_over(channels: Channels) -> Peers:
    """Make the stubs."""
    return Peers(
        identity=IdentityServiceStub(channels.identity),
        offers=OffersServiceStub(channels.offers),
        orders=OrdersServiceStub(channels.orders),
        payments=PaymentsServiceStub(channels.payments),
    )


def once(action: str, *facts: str) -> RequestContext:
    """Derive a request id from what is wanted: a page loaded or a button pressed again asks for the same thing."""
    parts = "".join(f"{len(fact)}:{fact}" for fact in (action, *facts))
    return RequestContext(request_id=str(uuid.uuid5(_ACTIONS, parts)), actor=ACTOR)


async def answered(call: Awaitable[R]) -> R:
    """Wait for a peer; its "no" (or its silence) is raised as RefusedError, its bug as it came."""
    try:
        return await call
    except aio.AioRpcError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise RefusedError(refusal) from error
