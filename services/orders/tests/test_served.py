"""Orders as it is served: real PostgreSQL, real NATS, peers on the wire; posts in, orders and events out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.message import Message
from nats.aio.client import Client
from services.orders.tests.orders_world import ANN, TAG, World
from services.orders.tests.peers_world import on_the_wire

from chassis.grpc_client import open_channel
from chassis.health import Health
from chassis.jetstream import connect, ensure_streams
from chassis.lifecycle import Lifecycle
from chassis.message_headers import CLOSING_LINE, event_headers
from hashtill.notifier.v1 import delivery_pb2
from hashtill.notifier.v1.events_pb2 import ReplyPosted
from hashtill.offers.v1.offer_pb2 import KnownTag
from hashtill.orders.v1 import orders_service_pb2 as pb
from hashtill.orders.v1.order_pb2 import (
    ORDER_STATE_AUTHORIZED,
    ORDER_STATE_AWAITING_CONFIRMATION,
    ORDER_STATE_EXPIRED,
    ORDER_STATE_PROMPTING,
    Order,
)
from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from hashtill.social.v1.social_post_pb2 import POST_KIND_POST, SocialPost, Watermark
from kernel.secret import Secret
from kernel.shards import SOCIAL_SHARDS
from orders.main import serve
from orders.settings import Settings

WAIT_SECONDS = 20.0
LOOK_SECONDS = 0.02
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE = f"00-{TRACE_ID}-b7ad6b7169203331-01"

pytestmark = pytest.mark.servers


@dataclass
class Running:
    """Orders running, and the outside's hands on it."""

    nats: Client
    stub: Any
    lifecycle: Lifecycle
    count: int = 0

    async def publish(self, subject: str, event: Message, *, at: datetime | None = None) -> None:
        self.count += 1
        headers = event_headers(
            message_id=f"m{self.count}",
            event_type=event.DESCRIPTOR.full_name,
            source="",
            at=at or datetime.now(UTC),
            aggregate="a",
            version=self.count,
            traceparent=TRACE,
        )
        parsed = dict(line.split(": ", 1) for line in (headers + CLOSING_LINE).decode().split("\r\n")[1:] if line)
        await self.nats.jetstream().publish(subject, event.SerializeToString(), headers=parsed)

    async def post(self, post_id: str, *tags: str) -> None:
        event = SocialPost(
            network="x",
            post_id=post_id,
            version_id=post_id,
            author_id=ANN,
            author_handle="ann",
            tags=tags,
            language="en",
        )
        event.kind = POST_KIND_POST
        event.posted_at.FromDatetime(datetime.now(UTC))
        await self.publish("social.x.0", event)

    async def hear(self, at: datetime) -> None:
        for shard in range(SOCIAL_SHARDS):
            event = Watermark(network="x", shard=shard)
            event.at.FromDatetime(at)
            await self.publish(f"social.x.{shard}", event)

    async def reply(self, order: Order) -> None:
        event = ReplyPosted(purpose=delivery_pb2.PURPOSE_PROMPT, order_id=order.order_id, network="x", post_id="999")
        event.posted_at.FromDatetime(datetime.now(UTC))
        await self.publish("hashtill.notifier.v1.reply_posted.0", event)

    async def order_in(self, state: int, post_id: str = "100") -> Order:
        async def look() -> Order | None:
            answer = await self.stub.ListOrders(pb.ListOrdersRequest(network="x", post_id=post_id))
            return next((order for order in answer.orders if order.state == state), None)

        found: Order = await until(look)
        return found


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(WAIT_SECONDS):
        while (found := await look()) is None:  # noqa: ASYNC110 - another process's change has no event to wait on
            await asyncio.sleep(LOOK_SECONDS)
    return found


@pytest.fixture
async def running(memory_world: World, orders_dsn: str, fresh_nats_url: str) -> AsyncIterator[Running]:
    nats = await connect(Secret(fresh_nats_url), name="tests")
    await ensure_streams(nats)
    known = KnownTag(tag=TAG, offer_id="kindle-fire-hd")
    await nats.jetstream().publish(f"$KV.known_tags.{TAG}", known.SerializeToString())
    lifecycle = Lifecycle(health=Health())
    async with on_the_wire(memory_world) as wire, contextlib.AsyncExitStack() as stack:
        await serve(_settings(orders_dsn, fresh_nats_url, wire.target), lifecycle)
        stack.push_async_callback(lifecycle.stop)
        stack.push_async_callback(nats.close)
        port = lifecycle._servers[0].port  # type: ignore[attr-defined] # the server is a GrpcServer
        channel = open_channel(f"127.0.0.1:{port}")
        stack.push_async_callback(channel.close, None)
        yield Running(nats=nats, stub=OrdersServiceStub(channel), lifecycle=lifecycle)


async def test_posts_in_orders_and_events_out_in_one_trace(running: Running) -> None:
    told = await running.nats.jetstream().subscribe("hashtill.orders.v1.>")
    await running.post("100", TAG)
    held = await running.order_in(ORDER_STATE_PROMPTING)
    await running.reply(held)
    await running.order_in(ORDER_STATE_AWAITING_CONFIRMATION)
    await running.post("101", held.confirmation_tag)

    order = await running.order_in(ORDER_STATE_AUTHORIZED)

    messages = [await told.next_msg(timeout=WAIT_SECONDS) for _ in range(4)]
    assert [message.subject.split(".")[3] for message in messages] == [
        "order_held",
        "order_prompted",
        "order_confirmed",
        "order_authorized",
    ]
    assert {(message.headers or {})["traceparent"].split("-")[1] for message in messages} == {TRACE_ID}
    story = await running.stub.ExplainOrder(pb.ExplainOrderRequest(order_id=order.order_id))
    assert {step.trace_id for step in story.steps} == {TRACE_ID}


async def test_an_order_expires_once_its_network_is_heard_beyond_the_window(running: Running) -> None:
    await running.post("100", TAG)
    await running.reply(await running.order_in(ORDER_STATE_PROMPTING))
    await running.order_in(ORDER_STATE_AWAITING_CONFIRMATION)

    await running.hear(datetime.now(UTC) + timedelta(hours=1))

    await running.order_in(ORDER_STATE_EXPIRED)


async def test_a_tag_that_becomes_known_only_after_the_post_still_buys(running: Running) -> None:
    await running.post("100", "latetag")
    known = KnownTag(tag="latetag", offer_id="kindle-fire-hd")
    await running.nats.jetstream().publish("$KV.known_tags.latetag", known.SerializeToString())

    order = await running.order_in(ORDER_STATE_PROMPTING)

    assert order.tag == "latetag"


def _settings(dsn: str, nats_url: str, target: str) -> Settings:
    return Settings(
        database_url=Secret(dsn),
        nats_url=Secret(nats_url),
        identity_target=target,
        offers_target=target,
        payments_target=target,
        page_key=Secret("a long random text"),
        confirm_window_seconds=1,
        slack_seconds=0,
    )
