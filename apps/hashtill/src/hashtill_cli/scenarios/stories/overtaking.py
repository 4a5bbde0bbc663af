"""A confirmation that overtakes our own bookkeeping of the prompt."""

import asyncio
from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import completed
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.purchase import Purchase
from hashtill_cli.scenarios.world.world import World

LATE_MILLISECONDS = 3_000
"""X posts our prompt at once, and tells us so this much later."""


async def confirm_before_we_know_of_the_prompt(world: World) -> Sequence[Expectation]:
    """Let X answer our POST late; the member, who sees the prompt at once, confirms before we know its id."""
    offer, member = await asyncio.gather(world.offer("Bike Bell"), world.member("Olga"))
    await world.x.fault("lose_answers", count=1, delay_milliseconds=LATE_MILLISECONDS, cut=False)
    purchase = await world.buy(member, offer)
    prompt = await purchase.prompt()
    answer = await member.reply(prompt.post_id, f"Quick! #{prompt.confirmation_tag}")
    await purchase.until("AUTHORIZING", "AUTHORIZED", "READY_TO_SHIP", "SHIPPING", "CAPTURING", "COMPLETED")
    return [*completed(purchase, confirmed_by=[answer]), _kept(purchase)]


def _kept(purchase: Purchase) -> Expectation:
    async def whether() -> object:
        story = await purchase.services.explain(purchase.post_id)
        return story is not None and any(step.cause == "ConfirmationKept" for step in story.steps)

    return Expectation(what="the confirmation was kept until our reply was known", expected=True, read=whether)
