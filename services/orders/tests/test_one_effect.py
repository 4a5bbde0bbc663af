"""A post has at most one effect: copies, edits, deletions and repeated confirmations, in both stores."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from services.orders.tests.orders_world import ANN, BOB, OTHER_TAG, TAG, World, message_id

from kernel.ids import PostId
from orders.domain.order import Order
from orders.domain.posts import Post, PostKind, VerdictWord
from orders.domain.states import CancelReason, State
from orders.usecases.follow_orders import Posted, Reply, apply_replies
from orders.usecases.ports import Transactions, Unit
from orders.usecases.read_orders import Story, explain_post


async def test_a_second_early_confirmation_changes_nothing(world: World) -> None:
    order = await world.held()
    await world.receive(world.post(ANN, order.confirmation_tag or ""))
    kept = await world.again(order)

    await world.receive(world.post(ANN, order.confirmation_tag or ""))

    assert await world.again(order) == kept


async def test_of_two_early_confirmations_the_earlier_posted_is_kept_whichever_comes_first(world: World) -> None:
    order = await world.held()
    tag, window = order.confirmation_tag or "", world.limits.confirm_window
    late = world.post(ANN, tag, posted_at=world.store.at + window + timedelta(milliseconds=1))
    in_time = world.post(ANN, tag, posted_at=world.store.at + window)

    await world.receive(late)
    await world.receive(in_time)
    await world.reply(order.order_id)

    assert (await world.again(order)).state is State.COMMITTING
    assert await _verdicts(world, late, in_time) == [("IGNORED", "DUPLICATE"), ("CONFIRMED", "")]


async def test_an_early_tag_takes_the_place_of_an_earlier_repost_of_something_else(world: World) -> None:
    order = await world.held()
    repost = world.post(ANN, kind=PostKind.REPOST, target_post_id=PostId("777"))
    tagged = world.post(ANN, order.confirmation_tag or "", posted_at=world.store.at + timedelta(seconds=1))

    await world.receive(repost)
    await world.receive(tagged)
    await world.reply(order.order_id, post_id="888")

    assert (await world.again(order)).state is State.COMMITTING
    assert await _verdicts(world, repost, tagged) == [("IGNORED", "DUPLICATE"), ("CONFIRMED", "")]


async def test_one_post_delivered_many_times_has_one_effect(world: World) -> None:
    post = world.post(ANN, TAG)

    await world.receive(post)
    await world.receive(post, replace(post, message_id=message_id(world)))
    await world.receive(replace(post, message_id=message_id(world), version_id=PostId("6000")))
    await world.settle()

    assert await world.told() == ["OrderHeld"]


class LosesCommit:
    """Transactions of which one, by its number, is rolled back at its end."""

    def __init__(self, inner: Transactions, *, lost: int) -> None:
        self._inner, self._left = inner, lost

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Unit]:
        async with self._inner.begin() as unit:
            yield unit
            self._left -= 1
            if self._left == -1:
                raise ConnectionError("The database went away.")


@pytest.mark.parametrize("lost", range(3))
async def test_a_post_read_again_after_an_outage_still_has_its_effect(memory_world: World, lost: int) -> None:
    post, inner = memory_world.post(ANN, TAG), memory_world.transactions
    memory_world.transactions = LosesCommit(inner, lost=lost)

    with suppress(ConnectionError):
        await memory_world.receive(post)
    memory_world.transactions = inner
    await memory_world.receive(post)
    await memory_world.settle()

    assert await memory_world.told() == ["OrderHeld"]


async def test_many_confirmations_of_one_order_have_one_effect(world: World) -> None:
    order = await world.prompted()
    confirmations = [world.post(ANN, order.confirmation_tag or "") for _ in range(4)]

    await world.receive(*confirmations[:2])
    await world.receive(*confirmations[2:])
    await world.settle()

    assert (await world.told()).count("OrderConfirmed") == 1
    assert world.charges.live(order.order_id) == 1


async def test_an_edit_that_adds_the_tag_buys_at_its_own_time(world: World) -> None:
    plain = world.post(ANN)
    await world.receive(plain)
    world.pass_time(minutes=20)

    edited = replace(
        plain, message_id=message_id(world), version_id=PostId("6001"), tags=(TAG,), posted_at=world.store.at
    )
    await world.receive(edited)

    order = await world.order(plain)
    assert (order.posted_at, order.version_id) == (world.store.at, PostId("6001"))


async def test_a_post_deleted_before_its_confirmation_cancels_and_one_deleted_after_does_not(world: World) -> None:
    early, late = await world.prompted(), await world.authorized(BOB)

    await world.receive(
        world.post(ANN, kind=PostKind.DELETE, post_id=early.post_id, version_id=early.post_id),
        world.post(BOB, kind=PostKind.DELETE, post_id=late.post_id, version_id=late.post_id),
    )
    await world.settle()

    cancelled = await world.again(early)
    assert (cancelled.state, cancelled.cancel_reason) == (State.CANCELLED, CancelReason.POST_DELETED)
    assert (await world.again(late)).state is State.AUTHORIZED


async def test_a_deletion_by_another_account_and_one_after_a_kept_confirmation_change_nothing(world: World) -> None:
    order = await world.held()
    await world.receive(world.post(BOB, kind=PostKind.DELETE, post_id=order.post_id, version_id=order.post_id))
    await world.receive(world.post(ANN, order.confirmation_tag or ""))

    await world.receive(world.post(ANN, kind=PostKind.DELETE, post_id=order.post_id, version_id=order.post_id))

    assert (await world.again(order)).state is State.PROMPTING


async def test_a_post_deleted_before_it_arrives_orders_nothing(world: World) -> None:
    post = world.post(ANN, TAG)
    await world.receive(replace(post, kind=PostKind.DELETE, tags=(), message_id=message_id(world)))

    await world.receive(post)
    await world.settle()

    assert await world.told() == []


async def test_two_purchase_tags_are_refused(world: World) -> None:
    await world.receive(world.post(ANN, TAG, OTHER_TAG))

    (refused,) = await world.store.events()
    assert (refused.reason, refused.order_id) == ("TWO_TAGS", "")


async def test_a_post_with_the_tags_of_two_orders_confirms_one_of_them(world: World) -> None:
    first, second = await world.prompted(), await world.prompted()

    both = world.post(ANN, first.confirmation_tag or "", second.confirmation_tag or "")
    await world.receive(both)
    await world.settle()

    assert (await world.again(first)).state is State.AUTHORIZED
    assert (await world.again(second)).state is State.AWAITING_CONFIRMATION


async def test_a_post_with_the_tag_of_a_confirmed_order_and_of_an_open_one_confirms_the_open_one(world: World) -> None:
    confirmed, open_order = await world.authorized(), await world.prompted()

    await world.receive(world.post(ANN, confirmed.confirmation_tag or "", open_order.confirmation_tag or ""))

    assert (await world.again(open_order)).state is State.COMMITTING


async def test_a_post_with_the_tags_of_two_orders_that_are_late_is_answered_once(world: World) -> None:
    first, second = await world.prompted(), await world.prompted()
    world.pass_time(minutes=16)

    await world.receive(world.post(ANN, first.confirmation_tag or "", second.confirmation_tag or ""))

    assert (await world.told()).count("ConfirmationRefused") == 1


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_repost_kept_on_two_orders_confirms_the_one_it_was_of_and_stays_its_confirmation(
    world: World,
    at_once: bool,  # noqa: FBT001 - a table gives it by name
) -> None:
    first, second = await world.held(), await world.held()
    repost = world.post(ANN, kind=PostKind.REPOST, target_post_id=PostId("777"))
    await world.receive(repost)

    replies = [_reply(world, first, PostId("777")), _reply(world, second, PostId("888"))]
    for batch in [replies] if at_once else [[reply] for reply in replies]:
        await apply_replies(batch, transactions=world.transactions, limits=world.limits)

    assert (await world.again(first)).state is State.COMMITTING
    assert (await world.again(second)).state is State.AWAITING_CONFIRMATION
    story = await explain_post((repost.network, repost.post_id), transactions=world.transactions)
    assert isinstance(story, Story)
    assert story.order == await world.again(first)
    assert [dated.verdict.word for dated in story.verdicts] == [VerdictWord.ORDERED, VerdictWord.CONFIRMED]


def _reply(world: World, order: Order, post_id: PostId) -> Reply:
    posted = Posted(post_id=post_id, at=world.store.at)
    return Reply(message_id=message_id(world), order_id=order.order_id, posted=posted)


async def _verdicts(world: World, *posts: Post) -> list[tuple[str, str]]:
    stories = [await explain_post((post.network, post.post_id), transactions=world.transactions) for post in posts]
    verdicts = [story.verdicts for story in stories if isinstance(story, Story)]
    return [
        (dated.verdict.word, dated.verdict.reason)
        for post, of_order in zip(posts, verdicts, strict=True)
        for dated in of_order
        if dated.verdict.post_id == post.post_id
    ]
