"""The lease, the lane, other services' events, and what operators are told over gRPC."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from services.gateway.tests.frames import JONAS, MIA, NOW, frame, id_at, post
from services.gateway.tests.gateway_world import World, at, both_beat, both_opened, heard

from chassis.lease import PostgresLease
from chassis.messages import Dead, ReceivedMessage, inbox_id
from chassis.testing import served
from gateway.domain.arrivals import HeartbeatRead, Stream, StreamLost
from gateway.inbound.events import LinkEvents, PromptEvents
from gateway.inbound.lane import BATCH_MAX, LANE_MAX, Lane
from gateway.inbound.social_service import SocialServicer
from gateway.outbound.memory import MemoryStore
from gateway.usecases.network import NetworkFailedError
from gateway.usecases.tally import Tally
from hashtill.identity.v1.events_pb2 import LinkActivated, LinkEnded, LinkFrozen
from hashtill.notifier.v1.delivery_pb2 import Purpose
from hashtill.notifier.v1.events_pb2 import ReplyPosted
from hashtill.social.v1.social_service_pb2 import ConnectionState, ListConnectionsRequest
from hashtill.social.v1.social_service_pb2_grpc import SocialServiceStub, add_SocialServiceServicer_to_server
from kernel.ids import X
from kernel.secret import Secret

LINK = str(uuid4())


def message(event: Any, version: int = 1) -> ReceivedMessage:
    return ReceivedMessage(
        message_id=inbox_id(name=str(uuid4()), at=NOW),
        type=event.DESCRIPTOR.full_name,
        event=event,
        aggregate=LINK,
        version=version,
        at=NOW,
        traceparent=None,
        subject="",
        deliveries=1,
        sequence=1,
    )


async def test_one_replica_holds_the_lease_until_its_connection_ends(gateway_dsn: Secret[str]) -> None:
    first, second = PostgresLease(gateway_dsn, name=X), PostgresLease(gateway_dsn, name=X)

    taken = (await first.take(), await second.take(), await first.is_held())
    await first.give_back()
    async with asyncio.timeout(5):
        while not await second.take():  # noqa: ASYNC110 - PostgreSQL frees it when it sees the connection gone
            await asyncio.sleep(0.01)

    assert taken == (True, False, True)
    assert not await first.is_held()
    await second.give_back()
    await second.give_back()


async def test_a_database_that_is_not_there_gives_no_lease() -> None:
    lease = PostgresLease(Secret("postgresql://nobody@127.0.0.1:9/none"), name=X)

    assert not await lease.take()


async def test_a_lease_whose_connection_was_killed_is_lost(gateway_dsn: Secret[str]) -> None:
    lease = PostgresLease(gateway_dsn, name=X)
    await lease.take()
    assert lease._connection is not None
    lease._connection.terminate()

    assert not await lease.is_held()
    await lease.give_back()


async def test_the_lane_gives_what_waits_in_order_at_most_a_batch() -> None:
    lane = Lane()
    beats = [HeartbeatRead(stream=Stream.FILTERED, at=at(second)) for second in range(BATCH_MAX + 5)]
    await lane.put_all(beats)

    first, second = await lane.batch(), await lane.batch()

    assert (first + second, len(first), lane.is_empty()) == (beats, BATCH_MAX, True)


async def test_a_lane_without_room_ends_the_connection() -> None:
    beats = [HeartbeatRead(stream=Stream.FILTERED, at=at(0))] * (LANE_MAX + 1)

    with pytest.raises(NetworkFailedError, match="too slowly"):
        await Lane(behind_seconds_max=0.05).put_all(beats)


async def test_links_are_watched_from_activation_until_frozen_or_ended(store: MemoryStore) -> None:
    changed: list[bool] = []
    events = LinkEvents(network=X, transactions=store.transactions, changed=lambda: changed.append(True))
    other = LinkActivated(link_id=str(uuid4()), network="x", network_user_id=JONAS)

    await events.handle([message(LinkActivated(link_id=LINK, network="x", network_user_id=MIA)), message(other)])
    both = {each.user_id for each in store.links.values() if each.watched}
    await events.handle([message(LinkFrozen(link_id=LINK, network="x", network_user_id=MIA), version=2)])
    await events.handle([message(LinkEnded(link_id=other.link_id, network="x", network_user_id=JONAS), version=2)])

    assert both == {MIA, JONAS}
    assert not any(each.watched for each in store.links.values())
    assert len(changed) == 3


async def test_another_networks_link_is_left_out_and_a_broken_one_is_a_dead_letter(store: MemoryStore) -> None:
    events = LinkEvents(network=X, transactions=store.transactions, changed=lambda: None)
    broken = message(LinkActivated(link_id="7", network="x", network_user_id=MIA))

    outcome = await events.handle([broken, message(LinkActivated(link_id=LINK, network="facebook"))])

    assert outcome == {broken.message_id: Dead(reason="link_id '7' is no UUID")}
    assert not store.links


async def test_only_prompts_on_this_network_are_remembered(store: MemoryStore) -> None:
    written = Timestamp()
    written.FromDatetime(NOW - timedelta(seconds=9))
    replies = [
        ReplyPosted(purpose=Purpose.PURPOSE_PROMPT, network="x", post_id="1", posted_at=written),
        ReplyPosted(purpose=Purpose.PURPOSE_PROMPT, network="x", post_id="2"),
        ReplyPosted(purpose=Purpose.PURPOSE_PROMPT, network="facebook", post_id="3"),
        ReplyPosted(purpose=Purpose.PURPOSE_UNSPECIFIED, network="x", post_id="4"),
    ]

    await PromptEvents(network=X, transactions=store.transactions).handle([message(each) for each in replies])

    assert [(each.post_id, each.posted_at) for each in store.prompts.values()] == [
        ("1", NOW - timedelta(seconds=9)),
        ("2", NOW),
    ]


async def test_connections_are_listed_over_grpc(world: World) -> None:
    tally = Tally()
    tally.add(await world.ingest([*both_opened(), *both_beat(5), heard(frame(post(id_at(), "weather")), 6)]))
    await world.ingest([StreamLost(stream=Stream.ACTIVITY, at=at(7), why="cut")])
    servicer = SocialServicer(network=X, live=lambda: world.progress, tally=tally, transactions=world.transactions)

    async with served((add_SocialServiceServicer_to_server, servicer)) as channel:
        answer = await SocialServiceStub(channel).ListConnections(ListConnectionsRequest())

    activity, filtered = answer.connections
    assert (activity.stream, activity.state) == ("activity", ConnectionState.CONNECTION_STATE_DOWN)
    assert (filtered.stream, filtered.state) == ("filtered", ConnectionState.CONNECTION_STATE_UP)
    assert dict(filtered.skipped_counts) == {"NOT_FOR_US": 1}
    assert filtered.watermark_at.ToDatetime(tzinfo=NOW.tzinfo) == at(5 - 10)


async def test_a_gateway_that_has_read_nothing_stands_by_without_times(world: World) -> None:
    servicer = SocialServicer(network=X, live=lambda: None, tally=Tally(), transactions=world.transactions)

    async with served((add_SocialServiceServicer_to_server, servicer)) as channel:
        answer = await SocialServiceStub(channel).ListConnections(ListConnectionsRequest())

    assert {each.state for each in answer.connections} == {ConnectionState.CONNECTION_STATE_STANDBY}
    assert not any(each.HasField("watermark_at") for each in answer.connections)
