"""Goods that come back."""

from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import REFUNDED, SOLD_MAILS, ended, stock
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.purchase import REFUND_MAIL
from hashtill_cli.scenarios.world.world import World


async def refund_after_a_return(world: World) -> Sequence[Expectation]:
    """Buy, get the parcel, send it back: the merchant asks, and all of the money returns."""
    purchase = await world.purchase("Wool Scarf", "Berta")
    prompt = await purchase.prompt()
    await purchase.member.reply(prompt.post_id, f"Yes #{prompt.confirmation_tag}")
    order = await purchase.until("COMPLETED")
    await world.merchants.take_back(
        order_id=order.order_id,
        merchant_id=order.merchant_id,
        amount_minor=order.total.amount_minor,
        currency_code=order.total.currency_code,
    )
    mails = {**SOLD_MAILS, REFUND_MAIL: 1}
    return [
        *ended(purchase, "REFUNDED", charges=REFUNDED, ledger=("AUTHORIZE", "CAPTURE", "REFUND"), mails=mails),
        stock(purchase, (purchase.offer.stock - 1, 0, 1)),
    ]
