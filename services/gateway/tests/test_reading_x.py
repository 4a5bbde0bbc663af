"""Reading the simulated X: what reaches the other services, and what a bad day costs."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from services.gateway.tests.x_world import ANNA, JONAS, MIA, XWorld, reading, until

from gateway.domain.arrivals import Stream
from gateway.domain.post import SkipReason
from gateway.usecases.follow_events import follow_prompts
from gateway.usecases.ports import PromptPosted
from hashtill.social.v1.social_post_pb2 import PostKind
from kernel.ids import PostId
from kernel.shards import SOCIAL_SHARDS
from kernel.tags import Tag


async def test_a_post_with_a_known_tag_is_told_once_and_the_watermark_passes_it(x_world: XWorld) -> None:
    async with reading(x_world):
        made = await x_world.act("post", "mia_k", "I want one #BuyKindle")
        await until(lambda: made in x_world.versions())
        await x_world.until_watermark_after(x_world.posts[0].posted_at.ToDatetime(tzinfo=UTC))

    [post] = x_world.posts
    assert (post.author_id, post.author_handle, list(post.tags)) == (MIA, "mia_k", ["buykindle"])
    assert {mark.shard for mark in x_world.watermarks} == set(range(SOCIAL_SHARDS))


async def test_the_same_post_on_both_streams_and_five_times_over_is_told_once(x_world: XWorld) -> None:
    await x_world.link(MIA)
    await x_world.x.fault("duplicate", times=5)
    async with reading(x_world):
        made = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: x_world.skips(SkipReason.SEEN_BEFORE) == 9)

    assert x_world.versions() == [made]


async def test_a_plain_confirming_post_of_a_linked_member_comes_by_activity_alone(x_world: XWorld) -> None:
    await x_world.link(MIA)
    async with reading(x_world):
        await x_world.act("post", "jonas_b", "#OKBCDFGHJK")
        made = await x_world.act("post", "mia_k", "#OKBCDFGHJK")
        await until(lambda: made in x_world.versions())

    assert [post.author_id for post in x_world.posts] == [MIA]


async def test_an_edit_is_another_version_of_the_same_post(x_world: XWorld) -> None:
    async with reading(x_world):
        first = await x_world.act("post", "mia_k", "#BuyKindle")
        second = await x_world.act("edit", "mia_k", "#BuyKindle please", post_id=first)
        await until(lambda: len(x_world.posts) == 2)

    assert [(post.post_id, post.version_id) for post in x_world.posts] == [(first, first), (first, second)]


async def test_a_delete_of_a_kept_post_is_told_and_another_is_not(x_world: XWorld) -> None:
    await x_world.link(MIA)
    async with reading(x_world):
        other = await x_world.act("post", "mia_k", "good morning")
        kept = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: kept in x_world.versions())
        await x_world.act("delete", "mia_k", post_id=other)
        await x_world.act("delete", "mia_k", post_id=kept)
        await until(lambda: len(x_world.posts) == 2)

    assert (x_world.posts[1].kind, x_world.posts[1].post_id) == (PostKind.POST_KIND_DELETE, kept)
    assert x_world.skips(SkipReason.DELETE_OF_UNKEPT) == 1


async def test_a_protected_account_is_not_heard(x_world: XWorld) -> None:
    await x_world.link(ANNA)
    async with reading(x_world):
        await x_world.act("post", "quiet_anna", "#BuyKindle")
        made = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: made in x_world.versions())

    assert x_world.versions() == [made]


async def test_quoting_a_tagged_post_does_not_make_its_tag_ones_own(x_world: XWorld) -> None:
    async with reading(x_world):
        original = await x_world.act("post", "mia_k", "#BuyKindle")
        await x_world.act("quote", "jonas_b", "look at this", post_id=original)
        await until(lambda: x_world.skips(SkipReason.NOT_FOR_US) == 1)

    assert x_world.versions() == [original]


async def test_a_repost_of_ours_is_told_and_a_repost_of_others_is_not(x_world: XWorld) -> None:
    async with reading(x_world):
        original = await x_world.act("post", "mia_k", "#BuyKindle")
        prompt = await x_world.act("reply", "AmexSync", "@mia_k repost this", post_id=original)
        await x_world.act("repost", "jonas_b", post_id=original)
        made = await x_world.act("repost", "mia_k", post_id=prompt)
        await until(lambda: made in x_world.versions())

    repost = x_world.posts[-1]
    assert (repost.kind, repost.target_post_id) == (PostKind.POST_KIND_REPOST, prompt)
    assert x_world.versions() == [original, made]


async def test_what_was_posted_while_the_streams_were_down_is_found_before_the_watermark_moves_on(
    x_world: XWorld,
) -> None:
    await x_world.link(MIA)
    async with reading(x_world):
        order = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: order in x_world.versions())
        prompt = await prompted(x_world, order)
        await x_world.x.fault("refuse", seconds=0.6)
        await x_world.x.fault("drop")
        await until(lambda: not x_world.is_open())
        missed = [
            await x_world.act("post", "jonas_b", "#BuyKindle"),
            await x_world.act("post", "mia_k", "#OKBCDFGHJK"),
            await x_world.act("repost", "mia_k", post_id=prompt),
        ]
        frozen = x_world.watermark
        await until(lambda: set(missed) <= set(x_world.versions()))
        await until(x_world.is_open)
        await x_world.until_watermark_after(datetime.now(UTC))

    events = x_world.store.messages.events
    first_moved = next(n for n, each in enumerate(events) if hasattr(each, "at") and moment(each) > frozen)
    assert all(places(events, post_id) < first_moved for post_id in missed)


async def test_late_and_reordered_frames_are_all_told(x_world: XWorld) -> None:
    await x_world.x.fault("reorder", window_milliseconds=100)
    await x_world.x.fault("delay", milliseconds=100)
    async with reading(x_world):
        made = [await x_world.act("post", "mia_k", f"{number} #BuyKindle") for number in range(5)]
        await until(lambda: set(x_world.versions()) == set(made))


async def test_a_silent_stream_is_dropped_and_made_again(x_world: XWorld) -> None:
    async with reading(x_world):
        await x_world.x.fault("stall", stream="filtered_stream", seconds=30)
        await until(lambda: x_world.tally.connects[Stream.FILTERED] == 2)
        made = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: made in x_world.versions())


async def test_an_error_frame_ends_the_connection_and_the_next_one_reads_on(x_world: XWorld) -> None:
    async with reading(x_world):
        await x_world.x.fault("error_frame", stream="filtered_stream", disconnect_type="SlowReader")
        await until(lambda: x_world.tally.connects[Stream.FILTERED] == 2)
        made = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: made in x_world.versions())


@pytest.mark.parametrize(
    ("text", "reason"),
    [('{"unheard_of": true}', SkipReason.UNKNOWN_FRAME), ("no json at all", SkipReason.NOT_JSON)],
)
async def test_garbage_is_counted_and_harms_nothing(x_world: XWorld, text: str, reason: SkipReason) -> None:
    async with reading(x_world):
        await x_world.x.fault("garbage_frame", text=text)
        await until(lambda: x_world.skips(reason) == 2)
        made = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: made in x_world.versions())

    assert x_world.tally.connects == {Stream.FILTERED: 1, Stream.ACTIVITY: 1}


@pytest.mark.parametrize("status", [429, 500])
async def test_refused_calls_are_tried_again_with_patience(x_world: XWorld, status: int) -> None:
    await x_world.link(MIA)
    await x_world.x.fault("fail_calls", count=3, status=status, method="GET", path="/2/*")

    async with reading(x_world):
        made = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: made in x_world.versions())


async def test_a_full_stream_is_freed_and_taken(x_world: XWorld) -> None:
    token = await x_world.x.app_token("hashtill", "sandbox-client-secret")
    await x_world.x.call(
        "POST", "/2/tweets/search/stream/rules", token=token, json={"add": [{"value": "cats", "tag": "theirs"}]}
    )
    async with x_world.x.stream("/2/tweets/search/stream", token=token), reading(x_world):
        made = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: made in x_world.versions())


async def test_rules_follow_the_known_tags(x_world: XWorld) -> None:
    async with reading(x_world) as session:
        x_world.tags.add(Tag("buycamera"))
        session.rules.wake()
        await until_rules(x_world, {"@AmexSync", "retweets_of:AmexSync", "#buykindle", "#buycamera"})
        x_world.tags.clear()
        session.rules.wake()
        await until_rules(x_world, {"@AmexSync", "retweets_of:AmexSync"})


async def test_rules_and_subscriptions_that_x_lost_are_made_again_with_the_next_connection(x_world: XWorld) -> None:
    await x_world.link(MIA)
    token = await x_world.x.app_token("hashtill", "sandbox-client-secret")
    async with reading(x_world):
        listed = (await x_world.x.call("GET", "/2/tweets/search/stream/rules", token=token)).body["data"]
        ids = {"delete": {"ids": [rule["id"] for rule in listed]}}
        await x_world.x.call("POST", "/2/tweets/search/stream/rules", token=token, json=ids)
        held = (await x_world.x.call("GET", "/2/activity/subscriptions", token=token)).body["data"]
        for each in held:
            await x_world.x.call("DELETE", f"/2/activity/subscriptions/{each['subscription_id']}", token=token)
        await x_world.x.fault("drop")

        await until_subscriptions(x_world, 3)
        await until_rules(x_world, {"@AmexSync", "retweets_of:AmexSync", "#buykindle"})
        made = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: made in x_world.versions())


async def test_an_ended_link_is_no_longer_watched(x_world: XWorld) -> None:
    link = uuid4()
    await x_world.link(JONAS, link_id=link)
    async with reading(x_world) as session:
        await until_subscriptions(x_world, 3)
        await x_world.link(JONAS, link_id=link, watched=False, version=2)
        session.subscriptions.wake()
        await until_subscriptions(x_world, 0)


async def test_a_withdrawn_access_is_told(x_world: XWorld) -> None:
    await x_world.link(MIA)
    async with reading(x_world):
        await until_subscriptions(x_world, 3)
        await x_world.x.control("revocations", {"user": "mia_k"})
        await until(lambda: x_world.revoked == [MIA])


async def prompted(x_world: XWorld, order: str) -> str:
    """Let the program reply to an order, and the notifier's event say so."""
    prompt = await x_world.act("reply", "AmexSync", "confirm with #OKBCDFGHJK", post_id=order)
    posted = PromptPosted(post_id=PostId(prompt), in_reply_to_post_id=PostId(order), posted_at=datetime.now(UTC))
    await follow_prompts([posted], transactions=x_world.store.transactions)
    return prompt


def moment(event: Any) -> datetime:
    at: datetime = event.at.ToDatetime(tzinfo=UTC)
    return at


def places(events: list[Any], post_id: str) -> int:
    return next(n for n, each in enumerate(events) if getattr(each, "version_id", "") == post_id)


async def until_rules(x_world: XWorld, values: set[str]) -> None:
    await until_listed(
        x_world, "/2/tweets/search/stream/rules", lambda data: {rule["value"] for rule in data} == values
    )


async def until_subscriptions(x_world: XWorld, count: int) -> None:
    await until_listed(x_world, "/2/activity/subscriptions", lambda data: len(data) == count)


async def until_listed(x_world: XWorld, path: str, fits: Any) -> None:
    token = await x_world.x.app_token("hashtill", "sandbox-client-secret")
    async with asyncio.timeout(10):
        while not fits((await x_world.x.call("GET", path, token=token)).body.get("data", [])):  # noqa: ASYNC110 - X tells nobody
            await asyncio.sleep(0.02)
