"""Stories of buying and confirming: in every way, in time and late, by the wrong one, twice, edited, deleted."""

from tests.simulation.afterwards import HOUR, buy_and_confirm, go_the_normal_way
from tests.simulation.people import DIGITAL, GOODS, RARE, Person
from tests.simulation.telling import WINDOW_SECONDS, Teller, tag_in, token_in

from orders.domain.states import State


async def reply(tell: Teller, buyer: Person) -> None:
    """Confirmed by a reply, shipped."""
    await buy_and_confirm(tell, buyer, by="reply")
    await go_the_normal_way(tell)


async def plain_post(tell: Teller, buyer: Person) -> None:
    """Confirmed by a post that answers nothing."""
    await buy_and_confirm(tell, buyer, by="post")
    await go_the_normal_way(tell)


async def quote(tell: Teller, buyer: Person) -> None:
    """Confirmed by quoting our reply, with the tag in the own text."""
    await buy_and_confirm(tell, buyer, by="quote")
    await go_the_normal_way(tell)


async def repost(tell: Teller, buyer: Person) -> None:
    """Confirmed by reposting our reply."""
    await buy_and_confirm(tell, buyer, by="repost")
    await go_the_normal_way(tell)


async def mail_button(tell: Teller, buyer: Person) -> None:
    """Confirmed by the mail's button, at once: orders may not have heard of our reply yet."""
    tell.buy(buyer, GOODS)
    mail = await tell.mail(buyer, "PROMPT", tell.orders[0])
    if mail is not None:
        await tell.confirm_by_page(token_in(mail, "confirm_url"))
        await go_the_normal_way(tell)


async def order_page(tell: Teller, buyer: Person) -> None:
    """Confirmed on the order's page."""
    tell.buy(buyer, GOODS)
    if (mail := await tell.mail(buyer, "PROMPT", tell.orders[0])) is not None:
        await tell.think(1, 600)
        await tell.confirm_by_page(token_in(mail, "order_url"))
        await go_the_normal_way(tell)


async def digital(tell: Teller, buyer: Person) -> None:
    """Nothing to ship."""
    await buy_and_confirm(tell, buyer, by="reply", tag=DIGITAL)
    await tell.reaches(tell.orders[0], State.COMPLETED, seconds=24 * HOUR)


async def at_the_last_moment(tell: Teller, buyer: Person) -> None:
    """Confirmed within seconds of the deadline, on either side."""
    post = tell.buy(buyer, GOODS)
    if (prompt := await tell.prompt(post)) is not None:
        left = (prompt.at - tell.world.stage.now()).total_seconds() + WINDOW_SECONDS
        await tell.think(left - 3, left + 1)
        tell.say(buyer, tag_in(prompt), kind="reply", target=prompt)
        await go_the_normal_way(tell)


async def too_late(tell: Teller, buyer: Person) -> None:
    """Confirmed after the deadline, by post or by mail."""
    post = tell.buy(buyer, GOODS)
    if (prompt := await tell.prompt(post)) is not None:
        await tell.think(WINDOW_SECONDS + 1, WINDOW_SECONDS + 300)
        tell.say(buyer, tag_in(prompt))
        if (mail := await tell.mail(buyer, "PROMPT", tell.orders[0])) is not None:
            await tell.confirm_by_page(token_in(mail, "confirm_url"))


async def never(tell: Teller, buyer: Person) -> None:
    """Not confirmed."""
    tell.buy(buyer, GOODS)


async def wrong_author(tell: Teller, buyer: Person, other: Person) -> None:
    """Somebody else posts the tag and reposts the prompt; then the buyer may confirm."""
    post = tell.buy(buyer, GOODS)
    if (prompt := await tell.prompt(post)) is None:
        return
    tell.say(other, tag_in(prompt), kind="reply", target=prompt)
    tell.repost(other, prompt)
    if tell.random.random() < 0.5:
        await tell.think(1, 300)
        tell.say(buyer, tag_in(prompt))
        await go_the_normal_way(tell)


async def duplicates(tell: Teller, buyer: Person) -> None:
    """Confirmed five times in five ways at once."""
    post = tell.buy(buyer, GOODS)
    if (prompt := await tell.prompt(post)) is not None:
        for kind in ("post", "reply", "quote"):
            tell.say(buyer, tag_in(prompt), kind=kind, target=None if kind == "post" else prompt)
        tell.repost(buyer, prompt)
        if (mail := await tell.mail(buyer, "PROMPT", tell.orders[0])) is not None:
            await tell.confirm_by_page(token_in(mail, "confirm_url"))
        await go_the_normal_way(tell)


async def edited_purchase(tell: Teller, buyer: Person) -> None:
    """The purchase is edited right away: one order, whichever version is read first."""
    post = tell.buy(buyer, GOODS)
    await tell.think(0.01, 20)
    tell.world.x.edit(post, f"I really want it! #{GOODS}", tags=(GOODS,))
    if (prompt := await tell.prompt(post)) is not None:
        await tell.think(1, 300)
        tell.say(buyer, tag_in(prompt))
        await go_the_normal_way(tell)


async def edited_confirmation(tell: Teller, buyer: Person) -> None:
    """The tag comes with an edit of the answer; the edit's own time counts."""
    post = tell.buy(buyer, GOODS)
    if (prompt := await tell.prompt(post)) is not None:
        answer = tell.world.x.post(buyer.account, "Hm", kind="reply", target=prompt)
        await tell.think(1, WINDOW_SECONDS + 60)
        tell.world.x.edit(answer, f"Yes! #{tag_in(prompt)}", tags=(tag_in(prompt),))
        await go_the_normal_way(tell)


async def deleted_before(tell: Teller, buyer: Person) -> None:
    """The purchase is deleted before anybody confirms."""
    post = tell.buy(buyer, GOODS)
    await tell.think(0.01, 60)
    tell.world.x.delete(post)
    if (prompt := await tell.prompt(post)) is not None and tell.random.random() < 0.5:
        tell.say(buyer, tag_in(prompt))


async def deleted_after(tell: Teller, buyer: Person) -> None:
    """Both posts are deleted after the confirmation, which stands."""
    post, confirmation = await buy_and_confirm(tell, buyer, by="reply")
    await tell.think(0.01, 60)
    tell.world.x.delete(post)
    if confirmation is not None:
        tell.world.x.delete(confirmation)
    await go_the_normal_way(tell)


async def last_unit(tell: Teller, *buyers: Person) -> None:
    """Three want the last two."""
    posts = [(buyer, tell.buy(buyer, RARE)) for buyer in buyers]
    for buyer, post in posts:
        if (prompt := await tell.prompt(post)) is not None:
            tell.say(buyer, tag_in(prompt))
