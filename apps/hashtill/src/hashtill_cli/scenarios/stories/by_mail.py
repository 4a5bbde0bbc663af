"""Confirmed by the button of the mail."""

from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import completed
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.purchase import PROMPT_MAIL
from hashtill_cli.scenarios.world.world import World


async def confirm_by_mail(world: World) -> Sequence[Expectation]:
    """Open the link of the mail, which alone does nothing, and press the one button on its page."""
    purchase = await world.purchase("Tea Kettle", "Maya")
    mail = await purchase.mail(PROMPT_MAIL)
    page = await purchase.member.browser.open(mail.link("confirm"))
    await purchase.member.browser.send(page, page.form(button="confirm"))
    return completed(purchase)
