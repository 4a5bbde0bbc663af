"""One purchase after the other, through the use cases, in memory and on PostgreSQL alike."""

from datetime import timedelta

from services.orders.tests.orders_world import ANN, BOB, World, message_id
from services.orders.tests.peers_kept import ACME, usd

from kernel.ids import PostId
from kernel.refusals import Refusal
from orders.domain.charging import ChargeState
from orders.domain.order import ConfirmationKind
from orders.domain.posts import PostKind
from orders.domain.states import State
from orders.usecases.change_order import Asked, accept_shipment, confirm_order, return_order, ship_order
from orders.usecases.follow_orders import Reply, apply_replies
from orders.usecases.read_orders import Story, explain_order, explain_post


async def test_a_post_becomes_a_shipped_and_paid_order(world: World) -> None:
    order = await world.authorized()
    world.pass_time(minutes=31)
    await world.pass_deadlines()

    asked = Asked(order_id=order.order_id, request_id="r1")
    await accept_shipment(asked, ACME, transactions=world.transactions, limits=world.limits)
    await ship_order(
        asked, ACME, carrier="UPS", tracking_number="1Z", transactions=world.transactions, limits=world.limits
    )
    await world.settle()

    assert (await world.again(order)).state is State.COMPLETED
    assert world.stock.holds[order.order_id] == "COMMITTED"
    assert await world.told() == [
        "OrderHeld",
        "OrderPrompted",
        "OrderConfirmed",
        "OrderAuthorized",
        "OrderReadyToShip",
        "OrderShipmentAccepted",
        "OrderShipped",
        "OrderCompleted",
    ]


async def test_digital_goods_go_the_same_way_by_themselves(world: World) -> None:
    world.stock.digital = True
    order = await world.authorized()

    world.pass_time(minutes=31)
    await world.pass_deadlines()
    await world.settle()

    assert (await world.again(order)).state is State.COMPLETED
    assert (await world.told())[-4:] == ["OrderReadyToShip", "OrderShipmentAccepted", "OrderShipped", "OrderCompleted"]


async def test_the_window_starts_at_our_replys_own_time(world: World) -> None:
    order = await world.held()

    await world.reply(order.order_id, at=world.store.at + timedelta(seconds=42))

    assert (await world.again(order)).confirm_by == world.store.at + timedelta(seconds=42, minutes=15)


async def test_a_confirmation_in_the_last_instant_counts_and_a_later_one_is_told_so(world: World) -> None:
    first, second = await world.prompted(), await world.prompted(BOB)
    assert first.confirm_by is not None
    assert second.confirm_by is not None

    await world.receive(
        world.post(ANN, first.confirmation_tag or "", posted_at=first.confirm_by),
        world.post(BOB, second.confirmation_tag or "", posted_at=second.confirm_by + timedelta(milliseconds=1)),
    )

    assert (await world.again(first)).state is State.COMMITTING
    assert (await world.again(second)).state is State.AWAITING_CONFIRMATION
    assert "ConfirmationRefused" in await world.told()


async def test_a_confirmation_that_overtakes_our_bookkeeping_is_decided_with_it(world: World) -> None:
    order = await world.held()
    early = world.post(ANN, order.confirmation_tag or "")
    await world.receive(early)
    assert (await world.again(order)).state is State.PROMPTING

    await world.reply(order.order_id)
    await world.settle()

    after = await world.again(order)
    assert after.state is State.AUTHORIZED
    assert after.confirmation is not None
    assert after.confirmation.post_id == early.post_id


async def test_an_early_confirmation_beyond_the_window_is_late(world: World) -> None:
    order = await world.held()
    await world.receive(world.post(ANN, order.confirmation_tag or "", posted_at=world.store.at + timedelta(hours=1)))

    await world.reply(order.order_id)

    assert (await world.again(order)).state is State.AWAITING_CONFIRMATION
    assert (await world.told())[-1] == "ConfirmationRefused"


async def test_a_repost_of_our_reply_confirms(world: World) -> None:
    order = await world.prompted()
    repost = world.post(ANN, kind=PostKind.REPOST, target_post_id=order.prompt_post_id)

    await world.receive(repost)
    await world.settle()

    after = await world.again(order)
    assert after.state is State.AUTHORIZED
    assert after.confirmation is not None
    assert after.confirmation.kind is ConfirmationKind.REPOST


async def test_a_repost_that_overtakes_our_bookkeeping_counts_only_if_it_was_our_prompt(world: World) -> None:
    ours, other = await world.held(), await world.held(BOB)
    await world.receive(
        world.post(ANN, kind=PostKind.REPOST, target_post_id=PostId("777")),
        world.post(BOB, kind=PostKind.REPOST, target_post_id=PostId("888")),
    )

    await world.reply(ours.order_id, post_id="777")
    await world.reply(other.order_id, post_id="999")

    assert (await world.again(ours)).state is State.COMMITTING
    assert (await world.again(other)).state is State.AWAITING_CONFIRMATION


async def test_somebody_elses_confirmation_is_met_with_silence(world: World) -> None:
    order = await world.prompted()
    told = await world.told()
    post = world.post(BOB, order.confirmation_tag or "")

    await world.receive(post, world.post(BOB, kind=PostKind.REPOST, target_post_id=order.prompt_post_id))

    assert (await world.again(order)).state is State.AWAITING_CONFIRMATION
    assert await world.told() == told
    story = await explain_post((post.network, post.post_id), transactions=world.transactions)
    assert isinstance(story, Story)
    assert story.verdicts[0].verdict.reason == "WRONG_AUTHOR"


async def test_who_took_over_the_buyers_handle_confirms_nothing(world: World) -> None:
    order = await world.prompted()

    await world.receive(world.post(BOB, order.confirmation_tag or "", author_handle=order.author_handle))

    assert (await world.again(order)).state is State.AWAITING_CONFIRMATION


async def test_a_sold_out_order_is_refused_without_a_release(world: World) -> None:
    world.stock.units = 0

    order = await world.held()

    assert (order.state, order.reason) == (State.REFUSED, "SOLD_OUT")
    assert world.stock.calls == ["hold"]
    assert await world.told() == ["PurchaseRefused"]


async def test_a_declined_card_gives_the_unit_back(world: World) -> None:
    world.charges.authorizes_as = ChargeState.DECLINED

    order = await world.authorized()

    assert (order.state, order.reason) == (State.DECLINED, "insufficient_funds")
    assert world.stock.holds[order.order_id] == "RELEASED"
    assert (await world.told())[-1] == "OrderDeclined"


async def test_a_lapsed_hold_is_refused_and_nothing_is_charged(world: World) -> None:
    order = await world.prompted()
    world.stock.holds[order.order_id] = "RELEASED"

    await world.receive(world.post(ANN, order.confirmation_tag or ""))
    await world.settle()

    after = await world.again(order)
    assert (after.state, after.reason) == (State.REFUSED, "HOLD_LAPSED")
    assert world.charges.calls == []


async def test_a_button_confirms_before_our_reply_is_posted(world: World) -> None:
    order = await world.held()
    asked = Asked(order_id=order.order_id, request_id="r1")

    confirmed = await confirm_order(
        asked, ConfirmationKind.MAIL, link_is_active=True, transactions=world.transactions, limits=world.limits
    )
    await world.reply(order.order_id)
    await world.settle()

    assert not isinstance(confirmed, Refusal)
    assert (await world.again(order)).state is State.AUTHORIZED


async def test_a_reply_that_cannot_be_posted_ends_the_order(world: World) -> None:
    order = await world.held()
    failed = Reply(message_id=message_id(world), order_id=order.order_id, failure="NOT_SUMMONED")

    await apply_replies([failed], transactions=world.transactions, limits=world.limits)
    await world.settle()

    after = await world.again(order)
    assert (after.state, after.reason) == (State.REFUSED, "REPLY_NOT_POSSIBLE")


async def test_goods_are_returned_in_part_and_then_whole(world: World) -> None:
    world.stock.digital = True
    order = await world.authorized()
    world.pass_time(minutes=31)
    await world.pass_deadlines()
    await world.settle()

    for amount in (usd(330), None):
        asked = Asked(order_id=order.order_id, request_id="r1")
        await return_order(asked, ACME, amount, why="broken", transactions=world.transactions, limits=world.limits)
        await world.settle()

    after = await world.again(order)
    assert (after.state, after.refund.refunded_minor) == (State.REFUNDED, 16_330)
    assert (await world.told())[-2:] == ["OrderRefunded", "OrderRefunded"]


async def test_an_orders_story_has_every_step_with_its_cause_and_trace(world: World) -> None:
    order = await world.authorized()

    story = await explain_order(order.order_id, transactions=world.transactions)

    assert isinstance(story, Story)
    assert [told.step.cause for told in story.steps] == [
        "PostRead",
        "StepTaken",
        "StockHeld",
        "ReplyPosted",
        "Confirmed",
        "HoldCommitted",
        "ChargeAuthorized",
    ]
    assert {told.trace_id for told in story.steps} == {"0af7651916cd43dd8448eb211c80319c"}
    assert [dated.verdict.word for dated in story.verdicts] == ["ORDERED", "CONFIRMED"]
