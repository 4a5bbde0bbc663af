"""A confirmation by somebody else."""

import asyncio
from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import answers, completed
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.world import World


async def confirm_for_somebody_else(world: World) -> Sequence[Expectation]:
    """Let a stranger, linked too, post the tag: silence. Then its owner confirms as if nothing had been."""
    purchase, stranger = await asyncio.gather(world.purchase("Chess Set", "Wilma"), world.member("Mallory"))
    prompt = await purchase.prompt()
    theft = await stranger.reply(prompt.post_id, f"Mine now #{prompt.confirmation_tag}")
    answer = await purchase.member.reply(prompt.post_id, f"No, mine #{prompt.confirmation_tag}")
    return [*completed(purchase, confirmed_by=[answer]), answers(purchase, theft, number=0)]
