"""One message that cannot be written or sent fails alone: its batch-mates go out."""

from dataclasses import replace
from uuid import UUID

from services.notifier.tests.notifier_world import (
    ANN,
    ORDER,
    RECIPIENT,
    World,
    cause,
    link_news,
    named,
    order_news,
)

from kernel.ids import CardmemberId, OrderId, PostId
from notifier.domain.delivery import LATE_MAX, Channel, Delivery, DeliveryState
from notifier.domain.news import LinkNewsKind, OrderNewsKind
from notifier.domain.planning import plan
from notifier.outbound.memory import MemoryStore
from notifier.usecases.ports import NotPosted, PostAnswer, Recipient

BOB = CardmemberId(UUID(int=2))
BOBS = replace(ORDER, order_id=OrderId(UUID(int=8)), post_id=PostId("101"))


def without_words(delivery: Delivery) -> Delivery:
    """Take away what its template says, as a template changed meanwhile does."""
    return replace(delivery, facts={"window": "900"})


class Speechless:
    """A composer whose templates are all gone."""

    def post(self, delivery: Delivery) -> None:
        assert delivery.template

    def mail(self, delivery: Delivery, contact: Recipient) -> None:
        assert delivery.template
        assert contact.email


async def add(world: World, *deliveries: Delivery) -> None:
    async with world.transactions.begin() as unit:
        await unit.deliveries.add(deliveries)


async def test_a_mail_to_an_address_beyond_ascii_holds_up_nobody_else(world: World) -> None:
    world.peers.contacts = {ANN: RECIPIENT, BOB: named(RECIPIENT, email="jörg@example.com")}
    to_bob = replace(link_news(LinkNewsKind.ENDED), cause=cause("to bob"), cardmember_id=BOB)
    await world.hear(link_news(LinkNewsKind.ACTIVATED), to_bob)

    await world.send_mails()

    assert {mail.to for mail in world.mailer.taken} == {"ann@example.com", "jörg@example.com"}


async def test_a_mail_whose_words_are_missing_holds_up_nobody_else(world: World) -> None:
    await add(world, *map(without_words, plan(order_news(OrderNewsKind.SHIPPED, order=BOBS))))
    await world.hear(order_news(OrderNewsKind.SHIPPED))

    await world.send_mails()

    assert len(world.mailer.taken) == 1
    assert {(each.state, each.failure) for each in await world.all()} == {
        (DeliveryState.SENT, ""),
        (DeliveryState.WAITING, "NOT_WRITTEN"),
    }


async def test_a_reply_whose_words_are_missing_holds_up_nobody_else(world: World) -> None:
    await add(world, *map(without_words, plan(order_news(OrderNewsKind.HELD, order=BOBS))))
    await world.hear(order_news(OrderNewsKind.HELD))

    await world.send_posts()

    assert [in_reply_to for _, in_reply_to in world.network.posted] == [ORDER.post_id]
    replies = [each for each in await world.all() if each.channel is Channel.REPLY]
    assert {each.failure for each in replies} == {"", "NOT_WRITTEN"}


async def test_a_reply_of_unknown_outcome_whose_words_went_missing_stays_unknown(memory: MemoryStore) -> None:
    world = World(memory.transactions())
    world.network.answers = [PostAnswer(outcome=NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True))]
    await world.hear(order_news(OrderNewsKind.HELD))
    await world.send_posts()
    memory.at += LATE_MAX
    world.composer = Speechless()

    await world.send_posts()

    assert (await world.one()).state is DeliveryState.SENDING
