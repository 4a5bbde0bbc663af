"""Who may buy: links, accounts, ages and caps; each "no" with the reason its author is told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from services.orders.tests.orders_world import ANN, BOB, LIMITS, START, TAG, World
from services.orders.tests.peers_kept import link_of

from kernel.ids import PostId
from kernel.refusals import Refusal
from kernel.tags import Tag, new_confirmation_tag
from orders.domain.change import Cause
from orders.domain.posts import PostKind
from orders.domain.purchasing import LinkStatus, Standing, is_cooling_down, received
from orders.domain.states import State
from orders.usecases.read_orders import Story, explain_post


@pytest.mark.parametrize(
    ("status", "why", "reason"),
    [
        (LinkStatus.NOT_LINKED, "", "NOT_LINKED"),
        (LinkStatus.ENDED, "", "NOT_LINKED"),
        (LinkStatus.PENDING, "", "LINK_PENDING"),
        (LinkStatus.FROZEN, "", "LINK_FROZEN"),
        (LinkStatus.CARD_REFUSED, "CARD_PREPAID", "CARD_PREPAID"),
        (LinkStatus.CARD_REFUSED, "", "LINK_PENDING"),
    ],
)
async def test_only_an_active_link_buys(memory_world: World, status: LinkStatus, why: str, reason: str) -> None:
    memory_world.link(ANN, status, why=why)

    await memory_world.receive(memory_world.post(ANN, TAG))

    (refused,) = await memory_world.store.events()
    assert (refused.reason, refused.author_id, refused.tag) == (reason, ANN, TAG)


async def test_an_account_nobody_linked_is_told_where_to_and_other_posts_of_it_are_not_answered(world: World) -> None:
    stranger = type(ANN)("4711")
    post = world.post(stranger, TAG)

    await world.receive(post, world.post(stranger, "sunset"), world.post(stranger))

    (refused,) = await world.store.events()
    assert (refused.reason, refused.cardmember_id, refused.post_id) == ("NOT_LINKED", "", post.post_id)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"author_protected": True}, "ACCOUNT_PROTECTED"),
        ({"posted_at": START - timedelta(minutes=15, milliseconds=1)}, "POST_TOO_OLD"),
    ],
)
async def test_a_post_nobody_else_may_read_or_of_long_ago_orders_nothing(
    memory_world: World, given: dict[str, Any], reason: str
) -> None:
    await memory_world.receive(memory_world.post(ANN, TAG, **given))

    (refused,) = await memory_world.store.events()
    assert refused.reason == reason


async def test_a_fourth_unconfirmed_order_is_one_too_many_also_within_one_batch(world: World) -> None:
    await world.receive(world.post(ANN, TAG))

    await world.receive(*(world.post(ANN, TAG) for _ in range(3)), world.post(BOB, TAG))

    (refused,) = await world.store.events()
    assert refused.reason == "TOO_MANY_OPEN"


async def test_three_expiries_in_a_day_cool_down_for_an_hour(world: World) -> None:
    for _ in range(3):
        await world.prompted()
        world.pass_time(minutes=27)
        await world.expire()
        await world.settle()

    world.pass_time(minutes=59)
    await world.receive(world.post(ANN, TAG))
    cooling = await world.told()
    world.pass_time(minutes=2)
    order = await world.held()

    assert cooling[-1] == "PurchaseRefused"
    assert order.state is State.PROMPTING


def test_expiries_far_apart_do_not_cool_down() -> None:
    apart = Standing(expiries=(START, START - timedelta(hours=12), START - timedelta(hours=25)))

    assert not is_cooling_down(apart, at=START, limits=LIMITS)


async def test_a_repost_of_an_offer_never_orders(world: World) -> None:
    post = world.post(ANN, TAG, kind=PostKind.REPOST, target_post_id=PostId("1"))

    await world.receive(post)

    assert await world.told() == []
    story = await explain_post((post.network, post.post_id), transactions=world.transactions)
    assert isinstance(story, Story)
    assert story.verdicts[0].verdict.reason == "UNKNOWN_CONFIRMATION"


async def test_a_refused_post_is_not_answered_again_when_it_is_edited(world: World) -> None:
    world.link(ANN, LinkStatus.FROZEN)
    post = world.post(ANN, TAG)
    await world.receive(post)

    await world.receive(world.post(ANN, TAG, post_id=post.post_id, version_id=PostId("7000")))

    assert await world.told() == ["PurchaseRefused"]


async def test_a_confirmation_tag_of_nobody_is_ignored_but_a_purchase_tag_beside_it_buys(world: World) -> None:
    unknown = new_confirmation_tag(lambda n: n - 1)

    await world.receive(world.post(ANN, unknown), world.post(BOB, unknown, TAG))
    await world.settle()

    assert await world.told() == ["OrderHeld"]


async def test_a_protected_account_does_not_confirm(world: World) -> None:
    order = await world.prompted()

    await world.receive(world.post(ANN, order.confirmation_tag or "", author_protected=True))

    assert (await world.again(order)).state is State.AWAITING_CONFIRMATION


async def test_a_post_is_explained_by_any_version_it_was_decided_on_and_an_unknown_one_is_not_found(
    world: World,
) -> None:
    post = world.post(ANN, TAG, version_id=PostId("8000"))
    await world.receive(post)

    by_version = await explain_post((post.network, PostId("8000")), transactions=world.transactions)
    unknown = await explain_post((post.network, PostId("1")), transactions=world.transactions)

    assert isinstance(by_version, Story)
    assert by_version.order is not None
    assert isinstance(unknown, Refusal)


async def test_ten_buyers_of_three_units_make_three_orders(world: World) -> None:
    world.stock.units = 3
    buyers = [type(ANN)(str(number)) for number in range(10)]
    for buyer in buyers:
        world.link(buyer)

    await world.receive(*(world.post(buyer, TAG) for buyer in buyers))
    await world.settle()

    told = await world.told()
    assert (told.count("OrderHeld"), told.count("PurchaseRefused")) == (3, 7)


def test_an_order_needs_an_active_links_ids(memory_world: World) -> None:
    link = replace(link_of(ANN), link_id=None)
    cause = Cause(at=START, limits=LIMITS)

    with pytest.raises(ValueError, match="has its ids"):
        received(memory_world.post(ANN, TAG), Tag(TAG), link, cause)
