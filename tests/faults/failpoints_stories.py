"""The stories played under a strike: between them every failpoint is passed, each by people who do not give up."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tests.faults.failpoints_books import CANCELLED, LAPSED, RETURNED, SOLD, TAKEN_BACK, Told
from tests.faults.failpoints_people import AWAY, confirm, ended, mail_of, patiently, press, prompt_of

from hashtill_cli.scenarios.world.browser import PageError
from hashtill_cli.scenarios.world.campaign import Offer, publish_offer
from hashtill_cli.scenarios.world.card_network import CardKind
from hashtill_cli.scenarios.world.linking import enter_card
from hashtill_cli.scenarios.world.member import Member
from hashtill_cli.scenarios.world.purchase import PROMPT_MAIL, RECEIPT_MAIL, Purchase
from hashtill_cli.scenarios.world.world import World

WAITING = ("RECEIVED", "HOLDING", "PROMPTING", "AWAITING_CONFIRMATION")
GONE = ("SHIPPING", "CAPTURING", "COMPLETED")
TAKING_BACK = ("VOIDING", "RELEASING", "VOIDED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a story begins with: the world, an offer with plenty of stock, and somebody linked."""

    world: World
    offer: Offer
    member: Member

    async def buy(self) -> Purchase:
        """Post the offer's tag."""
        return await self.world.buy(self.member, self.offer)


Play: TypeAlias = Callable[[Stage], Awaitable[Told]]


async def buy(stage: Stage) -> Told:
    """Confirm by a reply: in time by the network's clock, so nothing but a parcel will do."""
    purchase = await stage.buy()
    return Told(purchase=purchase, confirmed_by=[await confirm(purchase)], ends={"COMPLETED": SOLD})


async def buy_by_button(stage: Stage) -> Told:
    """Press the mail's button; a mail that came too late leaves nothing to press."""
    purchase = await stage.buy()
    url = (await mail_of(purchase, PROMPT_MAIL)).link("confirm")
    await _press_until(purchase, url, "confirm", lambda state: state not in WAITING)
    return Told(purchase=purchase, ends={"COMPLETED": SOLD, "EXPIRED": LAPSED})


async def let_it_pass(stage: Stage) -> Told:
    """Say nothing to the prompt."""
    purchase = await stage.buy()
    await prompt_of(purchase)
    return Told(purchase=purchase, ends={"EXPIRED": LAPSED})


async def cancel(stage: Stage) -> Told:
    """Take it back by the receipt's page, unless the parcel left before the receipt came."""
    purchase = await stage.buy()
    answer = await confirm(purchase)
    url = (await mail_of(purchase, RECEIPT_MAIL)).link("order")
    await _press_until(purchase, url, "cancel", lambda state: state in (*TAKING_BACK, *GONE))
    return Told(purchase=purchase, confirmed_by=[answer], ends={"VOIDED": TAKEN_BACK, "COMPLETED": SOLD})


async def disown(stage: Stage) -> Told:
    """Say "not me" by the receipt's page: the account is frozen, whatever became of the parcel."""
    purchase = await stage.buy()
    answer = await confirm(purchase)
    url = (await mail_of(purchase, RECEIPT_MAIL)).link("not-me")
    await patiently(lambda: press(stage.member.browser, url, "not me"), bool, what="not me")
    await patiently(lambda: _is_frozen(stage), bool, what=f"@{stage.member.handle} being frozen")
    return Told(purchase=purchase, confirmed_by=[answer], ends={"VOIDED": TAKEN_BACK, "COMPLETED": SOLD})


async def send_back(stage: Stage) -> Told:
    """Get the parcel and send it back."""
    purchase = await stage.buy()
    answer = await confirm(purchase)
    await ended(purchase, "COMPLETED")
    await patiently(lambda: _is_returned(purchase, stage.world), bool, what="the return")
    return Told(purchase=purchase, confirmed_by=[answer], ends={"REFUNDED": RETURNED})


async def unlink(stage: Stage) -> Told:
    """End the link with an order open: the order ends with it."""
    purchase = await stage.buy()
    await prompt_of(purchase)
    await patiently(lambda: _is_unlinked(stage), bool, what=f"@{stage.member.handle} being unlinked")
    return Told(purchase=purchase, ends={"CANCELLED": CANCELLED, "EXPIRED": LAPSED})


async def come_anew(world: World) -> Told:
    """Publish an offer, link a card, and buy, all of it under the strike."""
    offer, member = await asyncio.gather(_published(world), linked(world))
    return await buy(Stage(world=world, offer=offer, member=member))


STORIES: Mapping[str, Play] = {
    "bought": buy,
    "bought by the button": buy_by_button,
    "not confirmed": let_it_pass,
    "cancelled": cancel,
    "not me": disown,
    "answer lost": buy,
    "sent back": send_back,
    "unlinked": unlink,
}

COMING_ANEW = "new offer, new link"
"""The title of the story that brings its own offer and member."""


CARDS = {"answer lost": CardKind.ANSWER_LOST}
"""Cards that are not good: the processor charges this one and never says so."""


async def linked(world: World, card: CardKind = CardKind.GOOD) -> Member:
    """Let somebody new appear, who links a card."""
    member = await world.person("Fay", card=card)
    await patiently(lambda: _is_linked(member, world), bool, what=f"@{member.handle} being linked")
    return member


async def _press_until(purchase: Purchase, url: str, button: str, reached: Callable[[str], bool]) -> None:
    """Press, and press again, until the order is where that leads or can no longer come there."""

    async def pressed() -> bool:
        if reached(await purchase.state()):
            return True
        await press(purchase.member.browser, url, button)
        return False

    await patiently(pressed, bool, what=f"pressing {button!r} for order {purchase.order_id}")


async def _is_frozen(stage: Stage) -> bool:
    page = await stage.member.browser.open(f"{stage.world.pages_url}/link")
    return "frozen" in page.text.casefold()


async def _is_returned(purchase: Purchase, world: World) -> bool:
    order = await world.services.order(purchase.post_id)
    if order is None or await purchase.state() in {"REFUNDING", "REFUNDED"}:
        return order is not None
    await world.merchants.take_back(
        order_id=order.order_id,
        merchant_id=order.merchant_id,
        amount_minor=order.total.amount_minor,
        currency_code=order.total.currency_code,
    )
    return False


async def _is_unlinked(stage: Stage) -> bool:
    browser, url = stage.member.browser, f"{stage.world.pages_url}/link"
    page = await browser.open(url)
    if not any("Unlink" in form.buttons for form in page.forms):
        return True
    await press(browser, url, "unlink")
    return False


async def _published(world: World) -> Offer:
    for number in itertools.count():
        try:
            offer = await publish_offer(
                world.services, title=f"Late Offer {number} {next(world.numbers)}", run=world.run, stock=5
            )
        except AWAY:
            await asyncio.sleep(1)
        else:
            break
    await patiently(lambda: world.x.listens_to(offer.tag), bool, what=f"a rule for #{offer.tag}")
    return offer


async def _is_linked(member: Member, world: World) -> bool:
    """Look how the link stands, and go on from there: from the start, or with the card."""
    page = await member.browser.open(f"{world.pages_url}/link")
    buttons = {button for form in page.forms for button in form.buttons}
    if "Add your card" in buttons:
        card_page = await member.browser.send(page, page.form(to="/link/card"))
        if not any("cvv" in form.fields for form in card_page.forms):
            raise PageError(f"{card_page.url} said {card_page.status}: {card_page.text}")
        return (await enter_card(member.browser, card_page, number=member.card.number, name=member.name)).done
    return "Unlink" in buttons or (await world.link(member)).done
