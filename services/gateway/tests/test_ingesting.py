"""Batches of arrivals: what is kept, what is told, and when positions are written."""

from datetime import datetime

import pytest
from services.gateway.tests.frames import JONAS, MIA, event, frame, id_at, post
from services.gateway.tests.gateway_world import LATENCY, World, at, both_beat, both_opened, heard

from gateway.domain.arrivals import GapClosed, LineSkipped, PostFound, Stream, StreamLost, StreamOpened
from gateway.domain.positions import StreamState
from gateway.domain.post import SkipReason
from gateway.outbound.memory import MemoryStore
from hashtill.social.v1.social_post_pb2 import AccountRevoked, PostKind, SocialPost, Watermark
from kernel.shards import SOCIAL_SHARDS, shard_of

ORDER = frame(post(id_at(), "BuyKindle"))


async def told(store: MemoryStore) -> list[str]:
    """Give the versions told so far."""
    return [each.version_id for each in store.messages.events if isinstance(each, SocialPost)]


def marks(store: MemoryStore) -> list[datetime]:
    found = [each for each in store.messages.events if isinstance(each, Watermark) and each.shard == 0]
    return [mark.at.ToDatetime(tzinfo=at(0).tzinfo) for mark in found]


async def test_a_kept_post_is_told_in_its_authors_lane_with_a_trace_of_its_own(store: MemoryStore) -> None:
    world = World(transactions=store.transactions)

    await world.ingest([heard(ORDER), heard(frame(post(id_at(1), "BuyKindle", author=JONAS)))])

    first, second = store.messages.messages
    assert first.subject == f"social.x.{shard_of(MIA)}"  # type: ignore[union-attr] # no key-value change is told here
    assert first.message_id == f"x:{id_at()}"  # type: ignore[union-attr] # as above
    assert first.traceparent != second.traceparent  # type: ignore[union-attr] # as above


async def test_a_post_heard_again_is_counted_and_not_told(world: World) -> None:
    await world.ingest([heard(ORDER), heard(ORDER, 2, stream=Stream.ACTIVITY)])
    in_batch = world.skipped

    later = await world.ingest([heard(ORDER, 3)])

    assert in_batch == {SkipReason.SEEN_BEFORE: 1}
    assert (world.skipped, dict(later.kept)) == ({SkipReason.SEEN_BEFORE: 1}, {})


async def test_the_watermark_stands_behind_the_posts_of_every_lane(store: MemoryStore) -> None:
    world = World(transactions=store.transactions)
    await world.ingest(both_opened())

    await world.ingest([heard(ORDER, 30), *both_beat(30)])

    events = store.messages.events
    assert await told(store) == [id_at()]
    assert [type(each) for each in events[-1 - SOCIAL_SHARDS :]] == [SocialPost, *([Watermark] * SOCIAL_SHARDS)]
    assert marks(store)[-1] == at(30) - LATENCY


async def test_heartbeats_are_written_only_so_often(store: MemoryStore) -> None:
    world = World(transactions=store.transactions)
    await world.ingest(both_opened())

    for tenth in range(1, 21):
        await world.ingest(both_beat(tenth / 10))

    assert marks(store) == [at(0) - LATENCY, at(1) - LATENCY, at(2) - LATENCY]


async def test_a_batch_that_changes_nothing_is_not_written(world: World) -> None:
    ingested = await world.ingest([heard({"what": "is this"})])

    assert world.skipped == {SkipReason.UNKNOWN_FRAME: 1}
    assert ingested.progress.written_at is None


async def test_the_watermark_is_frozen_while_a_gap_is_open_and_goes_on_behind_what_was_found(
    store: MemoryStore,
) -> None:
    world = World(transactions=store.transactions)
    await world.ingest([*both_opened(), *both_beat(20)])
    await world.ingest([StreamLost(stream=Stream.FILTERED, at=at(21), why="cut")])
    await world.ingest([StreamOpened(stream=Stream.FILTERED, at=at(60)), *both_beat(70)])
    frozen = marks(store)[-1]

    await world.ingest([PostFound(frame=ORDER, at=at(71)), GapClosed(stream=Stream.FILTERED, opened_at=at(60))])

    assert (frozen, marks(store)[-1]) == (at(10), at(60))
    kinds = [type(each) for each in store.messages.events]
    assert kinds[-1 - SOCIAL_SHARDS] is SocialPost


async def test_a_closed_gap_alone_is_written(world: World) -> None:
    await world.ingest(both_opened())
    await world.ingest(both_opened(60))

    await world.ingest([GapClosed(stream=stream, opened_at=at(60)) for stream in Stream])

    assert all(each.gap_from is None for each in (await world.restart()).positions.values())


async def test_a_restart_goes_on_from_what_was_written(world: World) -> None:
    await world.ingest([*both_opened(), *both_beat(20)])

    progress = await world.restart()
    await world.ingest(both_opened(100))

    assert progress.watermark == at(20) - LATENCY
    assert {each.state for each in progress.positions.values()} == {StreamState.OPEN}
    assert world.progress is not None
    assert {each.gap_from for each in world.progress.positions.values()} == {at(20) - LATENCY}


async def test_a_delete_of_what_was_kept_is_told_under_the_business_key(store: MemoryStore) -> None:
    world = World(transactions=store.transactions)
    edit = frame(post(id_at(60), "BuyKindle") | {"edit_history_tweet_ids": [id_at(), id_at(60)]})
    gone = event("post.delete", {"id": id_at(60)})

    await world.ingest([heard(edit), heard(gone, 2, stream=Stream.ACTIVITY), heard(gone, 3, stream=Stream.ACTIVITY)])

    _, told_delete = [each for each in store.messages.events if isinstance(each, SocialPost)]
    assert (told_delete.kind, told_delete.post_id) == (PostKind.POST_KIND_DELETE, id_at())
    assert world.skipped == {SkipReason.SEEN_BEFORE: 1}


async def test_a_delete_of_what_was_never_kept_is_counted(world: World) -> None:
    await world.ingest([heard(event("post.delete", {"id": "7"}), stream=Stream.ACTIVITY)])

    assert world.skipped == {SkipReason.DELETE_OF_UNKEPT: 1}


async def test_a_revocation_is_told_once(store: MemoryStore) -> None:
    world = World(transactions=store.transactions)
    revoked = event("oauth.revoke", {"user_id": MIA})

    await world.ingest([heard(revoked, stream=Stream.ACTIVITY)])
    await world.ingest([heard(revoked, 2, stream=Stream.ACTIVITY)])

    [message] = store.messages.events
    assert isinstance(message, AccountRevoked)
    assert message.author_id == MIA


async def test_a_post_of_nobodys_concern_is_counted(world: World) -> None:
    await world.ingest([heard(frame(post(id_at(), "weather")))])

    assert world.skipped == {SkipReason.NOT_FOR_US: 1}


async def test_an_unreadable_line_is_counted_for_its_stream(world: World) -> None:
    ingested = await world.ingest([LineSkipped(stream=Stream.ACTIVITY, reason=SkipReason.NOT_JSON, at=at(1))])

    assert ingested.skipped == {(Stream.ACTIVITY, SkipReason.NOT_JSON): 1}


@pytest.mark.parametrize("count", [200])
async def test_a_full_batch_is_one_transaction(world: World, count: int) -> None:
    frames = [heard(frame(post(id_at(number=number), "BuyKindle"))) for number in range(count)]

    ingested = await world.ingest(frames)

    assert ingested.kept == {Stream.FILTERED: count}


async def test_only_a_gaps_end_moves_no_time(world: World) -> None:
    ingested = await world.ingest([GapClosed(stream=Stream.FILTERED, opened_at=at(0))])

    assert ingested.progress.written_at is None
