"""Ten buyers for three units."""

import asyncio
from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import answers, ended, says, sold, stock
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.purchase import Purchase
from hashtill_cli.scenarios.world.world import World

BUYERS = 10
UNITS = 3


async def buy_what_is_sold_out(world: World) -> Sequence[Expectation]:
    """Let ten post at once: three confirm, seven hear why not, and one who tries again hears "sold out"."""
    offer = await world.offer("Last Three", stock=UNITS)
    members = await asyncio.gather(*(world.member(f"Buyer{number}") for number in range(BUYERS)))
    purchases = await asyncio.gather(*(world.buy(member, offer) for member in members))
    prompts = await asyncio.gather(*(purchase.prompt() for purchase in purchases))
    lucky = [each for each, prompt in zip(purchases, prompts, strict=True) if prompt.confirmation_tag]
    unlucky = [each for each in purchases if each not in lucky]
    await asyncio.gather(*(_confirm(purchase) for purchase in lucky))
    again = await world.buy(unlucky[0].member, offer)
    return [
        *(expectation for purchase in lucky for expectation in sold(purchase)),
        *(expectation for purchase in unlucky for expectation in _missed(purchase)),
        stock(purchases[0], (0, 0, UNITS)),
        says(again, again.post_id, "Sold out"),
    ]


async def _confirm(purchase: Purchase) -> None:
    prompt = await purchase.prompt()
    await purchase.member.reply(prompt.post_id, f"Mine! #{prompt.confirmation_tag}")
    await purchase.until("AUTHORIZING", "AUTHORIZED", "READY_TO_SHIP", "SHIPPING", "CAPTURING", "COMPLETED")


def _missed(purchase: Purchase) -> list[Expectation]:
    """Expect somebody who came too late for the last unit: refused, charged nothing, told once."""
    return [*ended(purchase, "REFUSED", mails={}), answers(purchase, purchase.post_id, number=1)]
