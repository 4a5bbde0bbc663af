"""Replies and mails go out once, whatever the wires do; the same on memory and on PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.notifier.tests.notifier_world import (
    ANN,
    NOW,
    ORDER,
    RECIPIENT,
    World,
    cause,
    link_news,
    named,
    offer_news,
    order_news,
    quota,
    refusal,
)

from chassis.unnest import execute_unnest
from kernel.ids import PostId
from notifier.domain.delivery import LATE_MAX, Channel, DeliveryState, Purpose
from notifier.domain.events import DeliveryFactKind
from notifier.domain.news import LinkNewsKind, OrderNewsKind
from notifier.outbound.memory import MemoryStore, at_once
from notifier.outbound.postgres import PostgresTransactions
from notifier.usecases.ports import NotMailed, NotPosted, PostAnswer, Posted
from notifier.usecases.send_posts import lease_posts

AWAY = NotPosted(reason="NETWORK_UNAVAILABLE")
HELD = order_news(OrderNewsKind.HELD)


def answer(outcome: Posted | NotPosted) -> PostAnswer:
    return PostAnswer(outcome=outcome)


async def states(world: World) -> dict[Channel, DeliveryState]:
    return {each.channel: each.state for each in await world.all()}


async def test_a_prompt_is_replied_then_mailed_with_the_same_deadline(world: World) -> None:
    await world.hear(HELD)

    await world.send_posts()
    await world.send_mails()

    (text, in_reply_to) = world.network.posted[0]
    assert "#OK2345678B" in text
    assert in_reply_to == ORDER.post_id
    (mail,) = world.mailer.taken
    assert mail.to == "ann@example.com"
    assert b"Confirm Kindle Fire HD by" in mail.content
    assert set((await states(world)).values()) == {DeliveryState.SENT}


async def test_the_same_news_five_times_is_said_once(world: World) -> None:
    for _ in range(5):
        await world.hear(HELD)
        await world.hear(order_news(OrderNewsKind.HELD, name="again under another id"))

    await world.send_posts()
    await world.send_mails()
    assert not await world.send_posts()
    assert not await world.send_mails()

    assert (len(world.network.posted), len(world.mailer.taken)) == (1, 1)


async def test_a_reply_of_unknown_outcome_is_looked_for_before_it_is_posted_again(world: World) -> None:
    world.network.answers = [answer(replace(AWAY, unknown=True))]
    world.network.found = Posted(post_id=PostId("77"), posted_at=NOW)
    await world.hear(HELD)

    await world.send_posts()
    await _until_sent(world)

    assert (world.network.posted, world.network.looked) == ([], 1)
    assert "77" in {each.sent_id for each in await world.all()}


async def test_a_reply_that_is_nowhere_to_be_found_is_posted(world: World) -> None:
    world.network.answers = [answer(replace(AWAY, unknown=True))]
    await world.hear(HELD)

    await world.send_posts()
    await _until_sent(world)

    assert len(world.network.posted) == 1


async def test_a_network_that_is_away_is_tried_again_without_looking(world: World) -> None:
    world.network.answers = [answer(AWAY)]
    await world.hear(HELD)

    await world.send_posts()
    await _until_sent(world)

    assert (len(world.network.posted), world.network.looked) == (1, 0)


async def test_a_search_that_fails_says_nothing_twice(memory: MemoryStore) -> None:
    world = World(memory.transactions())
    world.network.answers = [answer(replace(AWAY, unknown=True))]
    world.network.found = replace(AWAY, unknown=True)
    await world.hear(HELD)

    await world.send_posts()
    memory.at += LATE_MAX
    world.peers.prompting = True
    await world.send_posts()

    assert world.network.posted == []
    assert (await world.one()).state is DeliveryState.SENDING


async def _until_sent(world: World) -> None:
    """Tick until the retry's pause is over; on PostgreSQL the pause is shortened instead."""
    async with asyncio.timeout(10):
        while (
            Channel.REPLY not in (await states(world)) or (await states(world))[Channel.REPLY] is not DeliveryState.SENT
        ):
            await _pass_a_second(world)
            await world.send_posts()


async def _pass_a_second(world: World) -> None:
    unit = getattr(world.transactions, "_unit", None)
    if unit is not None:
        unit.__self__.at += timedelta(seconds=1)
    elif isinstance(world.transactions, PostgresTransactions):
        async with world.transactions.database.transaction() as connection:
            await execute_unnest(connection, "UPDATE delivery SET next_at = next_at - interval '1 second'")


async def test_a_reply_refused_for_good_is_told_and_a_refusal_goes_by_mail(world: World) -> None:
    world.network.answers = [answer(NotPosted(reason="NOT_SUMMONED", for_good=True))]
    await world.hear(refusal("SOLD_OUT"))

    await world.send_posts()
    await world.send_mails()

    assert await states(world) == {Channel.REPLY: DeliveryState.FAILED, Channel.MAIL: DeliveryState.SENT}
    assert b"Sold out" in world.mailer.taken[0].content


async def test_a_receipt_that_cannot_be_replied_is_still_a_receipt(world: World) -> None:
    world.network.answers = [answer(NotPosted(reason="POST_GONE", for_good=True))]
    await world.hear(order_news(OrderNewsKind.AUTHORIZED))

    await world.send_posts()
    await world.send_mails()

    (receipt,) = world.mailer.taken
    assert b"Your receipt: Kindle Fire HD" in receipt.content


async def test_a_refusal_is_answered_once_an_author_reason_and_day(world: World) -> None:
    await world.hear(refusal("SOLD_OUT", post="1"), refusal("SOLD_OUT", post="2"))
    await world.hear(refusal("SOLD_OUT", post="3"), refusal("TWO_TAGS", post="4"))

    await world.send_posts()

    assert sorted(reply for _, reply in world.network.posted if reply) == ["1", "4"]


async def test_out_of_quota_waits_for_its_reset(world: World) -> None:
    spent = quota(remaining=0)
    world.network.answers = [PostAnswer(outcome=NotPosted(reason="QUOTA", until=spent.reset_at), quota=spent)]
    await world.hear(HELD)

    await world.send_posts()
    await world.hear(refusal("SOLD_OUT", post="5"), order_news(OrderNewsKind.AUTHORIZED))
    await world.send_posts()

    by_purpose = {each.purpose: each for each in await world.all() if each.channel is Channel.REPLY}
    assert by_purpose[Purpose.PROMPT].next_at == spent.reset_at
    assert by_purpose[Purpose.PROMPT].attempts == 0
    assert by_purpose[Purpose.REFUSAL].next_at == spent.reset_at
    assert by_purpose[Purpose.RECEIPT].state is DeliveryState.SKIPPED
    assert world.network.posted == []


async def test_what_another_lane_is_posting_counts_as_spent(world: World) -> None:
    almost = quota(remaining=1)
    world.network.answers = [PostAnswer(outcome=NotPosted(reason="POST_GONE", for_good=True), quota=almost)]
    await world.hear(refusal("TWO_TAGS", post="3"))
    await world.send_posts()
    await world.hear(order_news(OrderNewsKind.HELD, name="other"))
    other_lane, _ = await lease_posts(transactions=world.transactions, patiently=at_once)
    await world.hear(refusal("SOLD_OUT", post="5"))

    ours, kept_back = await lease_posts(transactions=world.transactions, patiently=at_once)

    assert (len(other_lane), list(ours)) == (1, [])
    assert [each.next_at for each in kept_back] == [almost.reset_at]


async def test_a_prompt_that_is_not_fresh_is_asked_about_first(memory: MemoryStore) -> None:
    memory.at = NOW + timedelta(minutes=1)
    world = World(memory.transactions())
    world.peers.prompting = False
    await world.hear(HELD)

    await world.send_posts()

    assert world.network.posted == []
    assert ((await world.one()).state, (await world.one()).failure) == (DeliveryState.SKIPPED, "ORDER_MOVED_ON")


async def test_an_old_prompt_still_wanted_is_posted(memory: MemoryStore) -> None:
    memory.at = NOW + timedelta(minutes=1)
    world = World(memory.transactions())
    await world.hear(HELD)

    await world.send_posts()

    assert len(world.network.posted) == 1


async def test_who_opted_out_gets_the_receipt_by_mail_alone(world: World) -> None:
    world.peers.contacts = {ANN: named(RECIPIENT, no_receipt_replies=True)}
    await world.hear(order_news(OrderNewsKind.AUTHORIZED))

    await world.send_posts()
    await world.send_mails()

    assert await states(world) == {Channel.REPLY: DeliveryState.SKIPPED, Channel.MAIL: DeliveryState.SENT}


async def test_a_network_nobody_serves_fails_its_post(world: World) -> None:
    news = replace(offer_news(), network=PostId("orkut"))  # type: ignore[arg-type] # any name will do

    await world.hear(news)
    await world.send_posts()

    assert (await world.one()).failure == "NETWORK_NOT_SERVED"


async def test_mails_are_tried_again_and_given_up_as_the_server_says(world: World) -> None:
    later, never = (
        NotMailed(reason="MAIL_REFUSED_450", for_good=False),
        NotMailed(reason="MAIL_REFUSED_550", for_good=True),
    )
    world.mailer.refusals = [later]
    await world.hear(link_news(LinkNewsKind.FROZEN))
    await world.send_mails()
    waiting = await world.one()
    world.mailer.refusals = [never]
    await world.hear(replace(link_news(LinkNewsKind.ENDED), cause=cause("other")))
    await world.send_mails()

    assert (waiting.state, waiting.failure) == (DeliveryState.WAITING, "MAIL_REFUSED_450")
    assert "MAIL_REFUSED_550" in {each.failure for each in await world.all()}


async def test_a_mail_to_nobody_fails(world: World) -> None:
    world.peers.contacts = {}
    await world.hear(link_news(LinkNewsKind.ACTIVATED))

    await world.send_mails()

    assert (await world.one()).failure == "RECIPIENT_UNKNOWN"


async def test_a_lease_that_another_took_over_writes_nothing(memory: MemoryStore) -> None:
    world = World(memory.transactions())
    await world.hear(HELD)
    leased, _ = await lease_posts(transactions=world.transactions, patiently=at_once)
    mine = leased[0].delivery

    async with world.transactions.begin() as unit:
        won = await unit.deliveries.save([replace(mine, state=DeliveryState.FAILED, tried_at=datetime.now(UTC))])

    assert list(won) == []


async def test_what_became_of_it_is_told(memory: MemoryStore) -> None:
    world = World(memory.transactions())
    world.network.answers = [answer(Posted(post_id=PostId("1"), posted_at=NOW)), answer(replace(AWAY, for_good=True))]
    await world.hear(HELD, refusal("SOLD_OUT", post="6"))

    await world.send_posts()
    await world.send_mails()

    told = [type(event).__name__ for event in memory.outbox.events]
    assert sorted(told) == ["MailAccepted", "MailAccepted", "ReplyFailed", "ReplyPosted"]
    assert len(DeliveryFactKind) == 3
