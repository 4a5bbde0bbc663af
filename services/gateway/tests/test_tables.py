"""The tables, the same in memory and on PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from services.gateway.tests.frames import JONAS, MIA, NOW
from services.gateway.tests.gateway_world import World, at

from gateway.domain.arrivals import Stream
from gateway.domain.gaps import OpenPrompt
from gateway.domain.positions import Position, StreamState
from gateway.domain.post import Post, PostKind, Revocation
from gateway.usecases.forget_posts import POSTS_KEPT, forget_posts
from gateway.usecases.ports import LinkChange, PromptPosted
from kernel.ids import LinkId, NetworkUserId, PostId, X

ORDER = Post(
    network=X,
    post_id=PostId("1"),
    version_id=PostId("1"),
    kind=PostKind.POST,
    author_id=NetworkUserId(MIA),
    posted_at=NOW,
)
EDIT = replace(ORDER, version_id=PostId("2"))
OTHERS = replace(
    ORDER,
    post_id=PostId("3"),
    version_id=PostId("3"),
    author_id=NetworkUserId(JONAS),
    posted_at=NOW + timedelta(seconds=1),
)
WATCHED = LinkChange(link_id=LinkId(UUID(int=1)), user_id=NetworkUserId(MIA), watched=True, version=1)


async def test_a_version_is_kept_once_and_an_edit_is_another(world: World) -> None:
    async with world.transactions.begin() as unit:
        first = await unit.posts.add([ORDER])
        second = await unit.posts.add([ORDER, EDIT])

    assert (first, second) == ([ORDER], [EDIT])


async def test_any_version_leads_to_the_business_key(world: World) -> None:
    async with world.transactions.begin() as unit:
        await unit.posts.add([EDIT])

        found = await unit.posts.first_ids([PostId("1"), PostId("2"), PostId("3")])

    assert found == {"1": "1", "2": "1"}


async def test_nothing_asked_is_nothing_found(world: World) -> None:
    async with world.transactions.begin() as unit:
        assert await unit.posts.add([]) == []
        assert await unit.posts.first_ids([]) == {}
        assert await unit.posts.add_revocations([]) == []


async def test_the_oldest_posts_are_forgotten_so_many_at_a_time(world: World) -> None:
    posts = [replace(ORDER, version_id=PostId(str(number)), posted_at=at(number)) for number in (3, 1, 2, 9)]
    async with world.transactions.begin() as unit:
        await unit.posts.add(posts)

        forgotten = await unit.posts.forget_before(at(5), posts_max=2)

        assert (forgotten, await unit.posts.add(posts)) == (2, posts[1:3])


async def test_a_tick_of_forgetting_keeps_what_is_young(world: World) -> None:
    async with world.transactions.begin() as unit:
        await unit.posts.add([ORDER])

    young = await forget_posts(at=NOW + POSTS_KEPT, transactions=world.transactions)
    async with world.transactions.begin() as unit:
        still_kept = await unit.posts.add([ORDER]) == []
    old = await forget_posts(at=NOW + POSTS_KEPT + timedelta(seconds=1), transactions=world.transactions)

    async with world.transactions.begin() as unit:
        assert (young, still_kept, old, await unit.posts.add([ORDER])) == (False, True, False, [ORDER])


async def test_a_revocation_is_kept_once(world: World) -> None:
    revocation = Revocation(network=X, user_id=NetworkUserId(MIA), event_id="e", revoked_at=NOW)
    async with world.transactions.begin() as unit:
        first = await unit.posts.add_revocations([revocation, revocation])
        second = await unit.posts.add_revocations([revocation])

    assert (first, second) == ([revocation], [])


async def test_positions_come_back_as_they_were_saved(world: World) -> None:
    position = Position(
        stream=Stream.FILTERED,
        state=StreamState.LOST,
        since=at(2),
        last_heard_at=at(1),
        read_until=at(1),
        gap_from=at(0),
        why_lost="cut",
    )
    async with world.transactions.begin() as unit:
        await unit.positions.save([Position(stream=Stream.FILTERED)])
        await unit.positions.save([position])

        assert await unit.positions.load() == {Stream.FILTERED: position}


async def test_the_watermark_never_goes_back(world: World) -> None:
    async with world.transactions.begin() as unit:
        before = await unit.positions.watermark()
        await unit.positions.save_watermark(at(5))
        await unit.positions.save_watermark(at(3))

        assert (before, await unit.positions.watermark()) == (None, at(5))


async def test_who_posted_of_late_is_told_newest_first_and_once(world: World) -> None:
    async with world.transactions.begin() as unit:
        await unit.posts.add([ORDER, EDIT, OTHERS])

        everybody = await unit.posts.authors_since(ORDER.posted_at, authors_max=5)
        newest = await unit.posts.authors_since(ORDER.posted_at, authors_max=1)
        later = await unit.posts.authors_since(OTHERS.posted_at, authors_max=5)

    assert everybody == [JONAS, MIA]
    assert newest == later == [JONAS]


async def test_prompts_name_whom_they_ask_newest_first_and_only_where_that_is_known(world: World) -> None:
    prompts = [
        PromptPosted(post_id=PostId(str(number)), in_reply_to_post_id=PostId(to), posted_at=at(number))
        for number, to in ((10, "1"), (11, "1"), (12, "1"), (13, "unknown"))
    ]
    async with world.transactions.begin() as unit:
        await unit.posts.add([ORDER, EDIT])
        await unit.prompts.add(prompts)
        await unit.prompts.add(prompts)

        found = await unit.prompts.since(at(10.5), prompts_max=5)
        newest = await unit.prompts.since(at(0), prompts_max=1)
        await unit.prompts.forget_before(at(12))
        left = await unit.prompts.since(at(0), prompts_max=5)

    mia = NetworkUserId(MIA)
    assert found == [
        OpenPrompt(post_id=PostId("12"), author_id=mia, posted_at=at(12)),
        OpenPrompt(post_id=PostId("11"), author_id=mia, posted_at=at(11)),
    ]
    assert ([each.post_id for each in newest], [each.post_id for each in left]) == (["12"], ["12"])


async def test_a_prompt_behind_an_edit_asks_the_edits_author_though_the_first_version_was_not_ours(
    world: World,
) -> None:
    async with world.transactions.begin() as unit:
        await unit.posts.add([EDIT])
        await unit.prompts.add([PromptPosted(post_id=PostId("9"), in_reply_to_post_id=EDIT.post_id, posted_at=at(1))])

        found = await unit.prompts.since(at(0), prompts_max=5)

    assert found == [OpenPrompt(post_id=PostId("9"), author_id=NetworkUserId(MIA), posted_at=at(1))]


async def test_the_newest_word_on_a_link_counts_in_whatever_order_it_comes(world: World) -> None:
    other = LinkChange(link_id=LinkId(UUID(int=2)), user_id=NetworkUserId(JONAS), watched=True, version=1)
    ended = replace(WATCHED, watched=False, version=3)
    async with world.transactions.begin() as unit:
        await unit.links.apply([ended, other, replace(WATCHED, version=2)])
        await unit.links.apply([WATCHED])

        assert await unit.links.accounts() == {JONAS}


async def test_an_account_stays_watched_while_one_of_its_links_is(world: World) -> None:
    second = replace(WATCHED, link_id=LinkId(UUID(int=2)))
    async with world.transactions.begin() as unit:
        await unit.links.apply([WATCHED, second])
        await unit.links.apply([replace(WATCHED, watched=False, version=2)])

        assert await unit.links.accounts() == {MIA}


async def test_a_unit_that_fails_leaves_nothing(world: World) -> None:
    async def fail() -> None:
        async with world.transactions.begin() as unit:
            await unit.posts.add([ORDER])
            await unit.outbox.add([ORDER])
            1 / 0  # noqa: B018 - any bug

    with pytest.raises(ZeroDivisionError):
        await fail()

    async with world.transactions.begin() as unit:
        assert await unit.posts.add([ORDER]) == [ORDER]
        await unit.outbox.add([ORDER])


async def test_times_keep_their_microseconds(world: World) -> None:
    moment = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=UTC) + timedelta(microseconds=1)
    async with world.transactions.begin() as unit:
        await unit.positions.save_watermark(moment)

        assert await unit.positions.watermark() == moment
