"""A post has at most one effect: copies, edits, deletions and repeated confirmations, in both stores."""

from dataclasses import replace

from services.orders.tests.orders_world import ANN, BOB, OTHER_TAG, TAG, World, message_id

from kernel.ids import PostId
from orders.domain.posts import PostKind
from orders.domain.states import CancelReason, State


async def test_a_second_early_confirmation_changes_nothing(world: World) -> None:
    order = await world.held()
    await world.receive(world.post(ANN, order.confirmation_tag or ""))
    kept = await world.again(order)

    await world.receive(world.post(ANN, order.confirmation_tag or ""))

    assert await world.again(order) == kept


async def test_one_post_delivered_many_times_has_one_effect(world: World) -> None:
    post = world.post(ANN, TAG)

    await world.receive(post)
    await world.receive(post, replace(post, message_id=message_id(world)))
    await world.receive(replace(post, message_id=message_id(world), version_id=PostId("6000")))
    await world.settle()

    assert await world.told() == ["OrderHeld"]


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
