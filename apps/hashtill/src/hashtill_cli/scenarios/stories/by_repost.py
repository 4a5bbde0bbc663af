"""Confirmed by a repost of the prompt."""

from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import completed
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.world import World


async def confirm_by_repost(world: World) -> Sequence[Expectation]:
    """Repost the prompt; a repost has no words of its own."""
    purchase = await world.purchase("Rain Coat", "Petra")
    prompt = await purchase.prompt()
    await purchase.member.repost(prompt.post_id)
    return completed(purchase)
