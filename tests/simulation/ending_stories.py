"""Stories of other ends: declined, taken back, disowned, unlinked, returned, unshipped, and posts that buy nothing."""

from tests.simulation.afterwards import HOUR, buy_and_confirm, go_the_normal_way, return_it
from tests.simulation.people import DIGITAL, ENDING, GOODS, RARE, Person
from tests.simulation.telling import Teller, tag_in, token_in

from hashtill.identity.v1 import identity_service_pb2
from hashtill.orders.v1 import order_pb2
from orders.domain.states import State


async def declined(tell: Teller, buyer: Person) -> None:
    """The card says no."""
    await buy_and_confirm(tell, buyer, by="reply")


async def cancel_in_remorse(tell: Teller, buyer: Person) -> None:
    """Taken back on the page after the card was charged, or while it is."""
    await buy_and_confirm(tell, buyer, by="reply")
    if (mail := await tell.mail(buyer, "PROMPT", tell.orders[0])) is not None:
        await tell.think(0, 1_700)
        await tell.cancel(token_in(mail, "order_url"), order_pb2.CANCEL_REASON_CARDMEMBER)
        await go_the_normal_way(tell)


async def cancel_at_once(tell: Teller, buyer: Person) -> None:
    """Confirmed and taken back in the same moment, by the page."""
    post = tell.buy(buyer, GOODS)
    prompt, mail = await tell.prompt(post), await tell.mail(buyer, "PROMPT", tell.orders[0])
    if prompt is not None and mail is not None:
        tell.say(buyer, tag_in(prompt))
        await tell.think(0, 1.0)
        await tell.cancel(token_in(mail, "order_url"), order_pb2.CANCEL_REASON_CARDMEMBER)


async def cancel_unconfirmed(tell: Teller, buyer: Person) -> None:
    """Taken back before it was confirmed."""
    tell.buy(buyer, GOODS)
    if (mail := await tell.mail(buyer, "PROMPT", tell.orders[0])) is not None:
        await tell.think(0, 60)
        await tell.cancel(token_in(mail, "order_url"), order_pb2.CANCEL_REASON_CARDMEMBER)


async def not_me(tell: Teller, buyer: Person) -> None:
    """Somebody says it was not them, at any time: it is taken back if it can be, and the link is frozen."""
    await buy_and_confirm(tell, buyer, by="reply")
    if (mail := await tell.mail(buyer, "PROMPT", tell.orders[0])) is not None:
        await tell.think(0, tell.random.choice((5, 1_700, 3 * HOUR)))
        await tell.cancel(token_in(mail, "disown_url"), order_pb2.CANCEL_REASON_NOT_ME)
        await tell.think(1, 60)
        tell.buy(buyer, GOODS)
        await go_the_normal_way(tell)


async def link_ended(tell: Teller, buyer: Person) -> None:
    """The link ends somewhere on the way: by its owner, or by withdrawing our access on X."""
    post = tell.buy(buyer, GOODS)
    await tell.think(0, tell.random.choice((0.2, 60, 900)))
    if tell.random.random() < 0.5:
        tell.world.x.revoke(buyer.account)
    else:
        request = identity_service_pb2.UnlinkRequest(link_id=str(buyer.link_id), context=tell.context())
        await tell.ask("identity", "Unlink", request)
    if (prompt := await tell.prompt(post)) is not None:
        tell.say(buyer, tag_in(prompt))
        await go_the_normal_way(tell)


async def link_ends_while_confirming(tell: Teller, buyer: Person) -> None:
    """Confirmed and unlinked in the same moment."""
    post = tell.buy(buyer, GOODS)
    if (prompt := await tell.prompt(post)) is not None:
        tell.say(buyer, tag_in(prompt))
        await tell.think(0, 1.5)
        request = identity_service_pb2.UnlinkRequest(link_id=str(buyer.link_id), context=tell.context())
        await tell.ask("identity", "Unlink", request)
        await go_the_normal_way(tell)


async def returned(tell: Teller, buyer: Person) -> None:
    """Shipped, and returned: in whole, or in two parts."""
    await buy_and_confirm(tell, buyer, by="reply")
    await go_the_normal_way(tell)
    await return_it(tell)


async def unshipped(tell: Teller, buyer: Person) -> None:
    """The merchant never takes it on."""
    await buy_and_confirm(tell, buyer, by="reply")


async def accepted_unshipped(tell: Teller, buyer: Person) -> None:
    """The merchant takes it on and forgets it; perhaps ships after all."""
    await buy_and_confirm(tell, buyer, by="reply")
    if await tell.reaches(tell.orders[0], State.READY_TO_SHIP, seconds=24 * HOUR) is not None:
        await tell.accept(tell.orders[0])
        attention = await tell.reaches(tell.orders[0], State.NEEDS_ATTENTION, seconds=7 * 24 * HOUR)
        if attention is not None and tell.random.random() < 0.7:
            await tell.ship(tell.orders[0])


async def stranger(tell: Teller, nobody: Person) -> None:
    """Somebody without a link, twice."""
    tell.buy(nobody, GOODS)
    await tell.think(1, 60)
    tell.buy(nobody, GOODS)


async def protected(tell: Teller, hidden: Person) -> None:
    """Somebody whose posts nobody can see."""
    tell.buy(hidden, GOODS)


async def two_tags(tell: Teller, buyer: Person) -> None:
    """Two things in one post are none; a tag quoted or reposted orders nothing either."""
    post = tell.world.x.post(buyer.account, f"#{GOODS} #{DIGITAL}", tags=(GOODS, DIGITAL))
    tell.repost(buyer, post)
    tell.world.x.post(buyer.account, "nice", kind="quote", target=post)


async def ended_offer(tell: Teller, buyer: Person) -> None:
    """Bought before or after the offer's end."""
    await tell.think(0, 400)
    await buy_and_confirm(tell, buyer, by="reply", tag=ENDING)
    await go_the_normal_way(tell)


async def many_open(tell: Teller, buyer: Person) -> None:
    """Five purchases at once; three may be open."""
    for tag in (GOODS, DIGITAL, RARE, GOODS, ENDING):
        tell.buy(buyer, tag)
        await tell.think(0.01, 2)
