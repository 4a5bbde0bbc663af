"""Taken back in the remorse time."""

from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import VOIDED, ended, stock
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.purchase import PROMPT_MAIL, RECEIPT_MAIL, TAKEN_BACK_MAIL
from hashtill_cli.scenarios.world.world import World


async def cancel_in_the_remorse_time(world: World) -> Sequence[Expectation]:
    """Buy, think again, and press the button on the order's page: nothing is taken, and the unit is back."""
    purchase = await world.purchase("Hat Stand", "Rainer")
    prompt = await purchase.prompt()
    await purchase.member.reply(prompt.post_id, f"Yes #{prompt.confirmation_tag}")
    receipt = await purchase.mail(RECEIPT_MAIL)
    page = await purchase.member.browser.open(receipt.link("order"))
    await purchase.member.browser.send(page, page.form(button="cancel"))
    mails = {PROMPT_MAIL: 1, RECEIPT_MAIL: 1, TAKEN_BACK_MAIL: 1}
    return [
        *ended(purchase, "VOIDED", charges=VOIDED, ledger=("AUTHORIZE", "VOID"), mails=mails),
        stock(purchase, (purchase.offer.stock, 0, 0)),
    ]
