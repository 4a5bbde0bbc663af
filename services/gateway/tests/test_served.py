"""The whole gateway on real PostgreSQL and NATS: from a post on X to a message on SOCIAL, and back to subscriptions."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from nats.aio.client import Client
from services.gateway.tests.x_world import HEARTBEAT_SECONDS, MIA, XWorld, an_x_world, until

from chassis.health import Health
from chassis.jetstream import connect, ensure_streams
from chassis.lifecycle import Lifecycle
from chassis.message_headers import MESSAGE_ID, event_headers, parse_headers
from gateway.main import serve
from gateway.settings import Settings
from hashtill.identity.v1.events_pb2 import LinkActivated
from hashtill.social.v1.social_post_pb2 import SocialPost, Watermark
from kernel.secret import Secret

pytestmark = pytest.mark.servers

NO_PEER = "127.0.0.1:1"
"""The pages' peers are away in these tests; their own tests are in `pages/`."""


@dataclass(kw_only=True)
class Gateway:
    """A running gateway, the X it reads, and the NATS it tells."""

    settings: Settings
    x: XWorld
    nats: Client

    async def start(self) -> Lifecycle:
        lifecycle = Lifecycle(health=Health())
        await lifecycle.health.start(self.settings.health_listen)
        await serve(self.settings, lifecycle)
        await lifecycle.ready("start-up")
        await until(lambda: not lifecycle.why_not_ready())
        await until_true(self.reads)
        return lifecycle

    async def reads(self) -> bool:
        """Tell whether both streams were heard: the record begins with the first connection, not with being ready."""
        return any(headers["ce-type"] == Watermark.DESCRIPTOR.full_name for _, headers, _ in await self.told())

    async def told(self) -> list[tuple[str, dict[str, str], bytes]]:
        """Give everything on SOCIAL: subject, headers, body."""
        context = self.nats.jetstream()
        info = await context.stream_info("SOCIAL")
        stored = [await context.get_msg("SOCIAL", seq=n) for n in range(1, info.state.last_seq + 1)]
        return [(str(each.subject), dict(each.headers or {}), each.data or b"") for each in stored]

    async def posts(self) -> list[SocialPost]:
        return [
            SocialPost.FromString(body)
            for _, headers, body in await self.told()
            if headers["ce-type"] == SocialPost.DESCRIPTOR.full_name
        ]


@pytest.fixture
async def gateway(gateway_dsn: Secret[str], fresh_nats_url: str) -> AsyncIterator[Gateway]:
    nats = await connect(Secret(fresh_nats_url), name="tests")
    await ensure_streams(nats)
    async with an_x_world() as world:
        settings = Settings(
            database_url=gateway_dsn,
            nats_url=Secret(fresh_nats_url),
            x_api_url=world.server.url,
            x_app_key="hashtill",
            x_app_secret=Secret("sandbox-client-secret"),
            x_tier="enterprise",
            program_handle="AmexSync",
            x_heartbeat_seconds=HEARTBEAT_SECONDS * 3,
            x_latency_seconds=0.0,
            x_search_delay_seconds=0.0,
            x_backoff_scale=0.01,
            watermark_every_seconds=0.1,
            page_key=Secret("a page key"),
            identity_target=NO_PEER,
            offers_target=NO_PEER,
            orders_target=NO_PEER,
            payments_target=NO_PEER,
        )
        yield Gateway(settings=settings, x=world, nats=nats)
    await nats.close()


async def until_true(ask: Callable[[], Any]) -> None:
    async with asyncio.timeout(15):
        while not await ask():  # noqa: ASYNC110 - what is asked tells nobody
            await asyncio.sleep(0.05)


async def test_a_post_travels_from_x_to_its_lane_and_a_restart_misses_nothing(gateway: Gateway) -> None:
    await gateway.nats.publish("$KV.known_tags.buykindle", b"x")
    lifecycle = await gateway.start()
    first = await gateway.x.act("post", "mia_k", "#BuyKindle")
    await until_true(lambda: has_told(gateway, first))
    await lifecycle.stop()

    second = await gateway.x.act("post", "jonas_b", "#BuyKindle")
    lifecycle = await gateway.start()
    await until_true(lambda: has_told(gateway, second))
    await lifecycle.stop()

    assert [post.version_id for post in await gateway.posts()] == [first, second]
    headers = next(each for subject, each, _ in await gateway.told() if each[MESSAGE_ID].endswith(f"x:{first}"))
    assert (headers["ce-source"], headers["ce-subject"]) == ("/hashtill/gateway", f"x:{first}")
    assert lifecycle.failure is None


async def test_a_new_tag_and_a_new_link_are_followed_while_running(gateway: Gateway) -> None:
    lifecycle = await gateway.start()
    await gateway.nats.publish("$KV.known_tags.buycamera", b"x")
    await activate_link(gateway.nats, MIA)
    token = await gateway.x.x.app_token("hashtill", "sandbox-client-secret")
    await until_true(lambda: rule_values(gateway, token, "#buycamera"))
    await until_true(lambda: subscribed(gateway, token))

    made = await gateway.x.act("post", "mia_k", "#OKBCDFGHJK")
    await until_true(lambda: has_told(gateway, made))
    await lifecycle.stop()

    assert lifecycle.failure is None


async def test_of_two_replicas_one_reads_and_the_other_takes_over(gateway: Gateway) -> None:
    await gateway.nats.publish("$KV.known_tags.buykindle", b"x")
    first, second = await gateway.start(), await gateway.start()
    before = await gateway.x.act("post", "mia_k", "#BuyKindle")
    await until_true(lambda: has_told(gateway, before))

    await first.stop()
    after = await gateway.x.act("post", "mia_k", "now #BuyKindle")
    await until_true(lambda: has_told(gateway, after))
    await second.stop()

    assert [post.version_id for post in await gateway.posts()] == [before, after]


async def has_told(gateway: Gateway, version: str) -> bool:
    return any(post.version_id == version for post in await gateway.posts())


async def rule_values(gateway: Gateway, token: str, value: str) -> bool:
    answer = await gateway.x.x.call("GET", "/2/tweets/search/stream/rules", token=token)
    return any(rule["value"] == value for rule in answer.body.get("data", []))


async def subscribed(gateway: Gateway, token: str) -> bool:
    answer = await gateway.x.x.call("GET", "/2/activity/subscriptions", token=token)
    return len(answer.body["data"]) == 3


async def activate_link(nats: Client, user: str) -> None:
    """Tell what identity tells when a link becomes active."""
    at, link = datetime.now(UTC), str(uuid4())
    written = Timestamp()
    written.FromDatetime(at)
    event = LinkActivated(
        link_id=link, cardmember_id=str(uuid4()), network="x", network_user_id=user, activated_at=written
    )
    block = event_headers(
        message_id=link,
        event_type=LinkActivated.DESCRIPTOR.full_name,
        source="/hashtill/identity",
        at=at,
        aggregate=link,
        version=1,
        traceparent=None,
    )
    subject = "hashtill.identity.v1.link_activated.0"
    await nats.jetstream().publish(subject, event.SerializeToString(), headers=parse_headers(block))
