"""Afterwards: what most stories share: buying and confirming, and the merchant's way from remorse to a return."""

from tests.simulation.people import GOODS, Person
from tests.simulation.telling import Teller, tag_in
from tests.simulation.x_posts import XPost

from orders.domain.states import State

HOUR = 3_600.0
_READY = (State.READY_TO_SHIP, State.COMPLETED, State.NEEDS_ATTENTION, State.VOIDED)


async def buy_and_confirm(tell: Teller, buyer: Person, *, by: str, tag: str = GOODS) -> tuple[XPost, XPost | None]:
    """Buy, wait for the prompt, think, and confirm; gives both posts."""
    post = tell.buy(buyer, tag)
    prompt = await tell.prompt(post)
    if prompt is None:
        return post, None
    await tell.think(0, tell.random.choice((1, 60, 800)))
    if by == "repost":
        return post, tell.repost(buyer, prompt)
    return post, tell.say(buyer, tag_in(prompt), kind=by, target=None if by == "post" else prompt)


async def go_the_normal_way(tell: Teller) -> None:
    """Let the merchant take the order on and ship it, some hours after it may."""
    order = await tell.reaches(tell.orders[0], *_READY, seconds=24 * HOUR)
    if order is None or order.state is not State.READY_TO_SHIP:
        return
    await tell.think(0, 4 * HOUR)
    await tell.accept(tell.orders[0])
    await tell.think(0, 20 * HOUR)
    await tell.ship(tell.orders[0])
    await tell.reaches(tell.orders[0], State.COMPLETED, State.NEEDS_ATTENTION, seconds=24 * HOUR)


async def return_it(tell: Teller) -> None:
    """Give the money back: all of it, or some, and then the rest."""
    order = await tell.reaches(tell.orders[0], State.COMPLETED, seconds=HOUR)
    if order is None or order.terms is None:
        return
    if tell.random.random() < 0.5:
        await tell.take_back_goods(tell.orders[0], 50_00)
        await tell.reaches(tell.orders[0], State.COMPLETED, State.NEEDS_ATTENTION, seconds=24 * HOUR)
    await tell.take_back_goods(tell.orders[0], None)
    await tell.reaches(tell.orders[0], State.REFUNDED, seconds=24 * HOUR)
