"""Offers as processes: two replicas on one database sell one offer, tell it, keep the tags known, and stop cleanly."""

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from services.offers.tests.wire_world import AsyncStub, context, wire_hold, wire_offer

from chassis.grpc_client import open_channel
from chassis.jetstream import connect
from chassis.key_value import KeyValueModel
from hashtill.offers.v1 import merchant_pb2, offer_pb2
from hashtill.offers.v1 import offers_service_pb2 as pb
from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceStub
from hashtill_cli.embedded.ports import free_ports
from kernel.secret import Secret

pytestmark = pytest.mark.servers

START_SECONDS = 30.0
STOP_SECONDS = 5.0
TOTAL = 120
ACME = merchant_pb2.Merchant(merchant_id="acme", display_name="Acme", support_email="help@acme.example")


@pytest.fixture
def targets(offers_dsn: str, fresh_nats_url: str) -> Iterator[list[str]]:
    """Start two replicas; they must stop within 5 s of SIGTERM, with exit code 0."""
    found = [f"127.0.0.1:{port}" for port in free_ports(2)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "offers"],
            env=os.environ
            | {
                "HASHTILL_DATABASE_URL": offers_dsn,
                "HASHTILL_NATS_URL": fresh_nats_url,
                "HASHTILL_LISTEN": target,
                "HASHTILL_LOG_LEVEL": "WARNING",
            },
        )
        for target in found
    ]
    yield found
    for process in processes:
        process.send_signal(signal.SIGTERM)
    codes = [process.wait(timeout=STOP_SECONDS) for process in processes]
    assert codes == [0, 0]


@pytest.fixture
async def stubs(targets: list[str]) -> AsyncIterator[list[AsyncStub]]:
    channels = [open_channel(target) for target in targets]
    for channel in channels:
        await asyncio.wait_for(channel.channel_ready(), timeout=START_SECONDS)
    yield [OffersServiceStub(channel) for channel in channels]
    for channel in channels:
        await channel.close(None)


async def publish(stub: AsyncStub, now: datetime) -> None:
    await stub.UpdateMerchant(pb.UpdateMerchantRequest(context=context(), merchant=ACME, allow_missing=True))
    offer = wire_offer(now, stock=offer_pb2.Stock(total=TOTAL))
    await stub.CreateOffer(pb.CreateOfferRequest(context=context(), offer=offer))
    await stub.PublishOffer(pb.PublishOfferRequest(context=context(), offer_id="kindle"))


async def test_two_replicas_sell_one_offer_to_the_last_unit_and_tell_it(
    stubs: list[AsyncStub], fresh_nats_url: str
) -> None:
    now = datetime.now(tz=UTC)
    await publish(stubs[0], now)

    async def ask(number: int) -> int:
        request = pb.BatchHoldStockRequest(items=[wire_hold(now) for _ in range(10)])
        answer = await stubs[number % 2].BatchHoldStock(request)
        return sum(result.HasField("hold") for result in answer.results)

    held = sum(await asyncio.gather(*(ask(number) for number in range(40))))

    stock = (await stubs[1].GetOffer(pb.GetOfferRequest(offer_id="kindle"))).offer.stock
    assert (held, stock.available, stock.held) == (TOTAL, 0, TOTAL)
    assert await told(fresh_nats_url, count=2) == [
        "hashtill.offers.v1.OfferPublished",
        "hashtill.offers.v1.StockExhausted",
    ]


async def test_the_tag_is_known_to_whoever_follows_the_bucket(stubs: list[AsyncStub], fresh_nats_url: str) -> None:
    await publish(stubs[0], datetime.now(tz=UTC))
    client = await connect(Secret(fresh_nats_url), name="test")
    tags = KeyValueModel(client, bucket="known_tags", decode=lambda _key, value: offer_pb2.KnownTag.FromString(value))
    known, stop = asyncio.Event(), asyncio.Event()
    tags.on_change(lambda: known.set() if tags.values else None)
    following = asyncio.create_task(tags.run(stop))

    await asyncio.wait_for(known.wait(), timeout=10)

    assert tags.values["buykindlefirehd"].offer_id == "kindle"
    stop.set()
    await following
    await client.close()


async def told(nats_url: str, *, count: int) -> list[str]:
    """Read the types of the first events in the stream."""
    client = await connect(Secret(nats_url), name=f"test-{uuid.uuid4().hex[:8]}")
    subscription = await client.jetstream().subscribe("hashtill.offers.v1.>", stream="OFFERS", ordered_consumer=True)
    messages: list[Any] = [await subscription.next_msg(timeout=10) for _ in range(count)]
    await client.close()
    return [message.headers["ce-type"] for message in messages]
