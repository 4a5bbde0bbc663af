"""Confirmed by a reply to the prompt."""

from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import completed
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.world import World


async def confirm_by_reply(world: World) -> Sequence[Expectation]:
    """Post the tag, reply with the confirmation tag, and get one parcel for one charge."""
    purchase = await world.purchase("Trail Mug", "Rosa")
    prompt = await purchase.prompt()
    answer = await purchase.member.reply(prompt.post_id, f"Yes please! #{prompt.confirmation_tag}")
    return completed(purchase, confirmed_by=[answer])
