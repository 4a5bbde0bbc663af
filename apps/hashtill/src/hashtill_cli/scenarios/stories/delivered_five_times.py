"""The same post, delivered five times."""

import asyncio
from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import completed
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.world import World

TIMES = 5


async def buy_with_everything_five_times(world: World) -> Sequence[Expectation]:
    """Let X send every frame five times: one order, one prompt, one charge, one receipt."""
    offer, member = await asyncio.gather(world.offer("Echo Bowl"), world.member("Vera"))
    await world.x.fault("duplicate", times=TIMES)
    try:
        purchase = await world.buy(member, offer)
        prompt = await purchase.prompt()
        answer = await member.reply(prompt.post_id, f"Once is enough #{prompt.confirmation_tag}")
        await purchase.until("AUTHORIZED", "READY_TO_SHIP", "SHIPPING", "CAPTURING", "COMPLETED")
    finally:
        await world.x.fault("duplicate", times=1)
    return completed(purchase, confirmed_by=[answer])
