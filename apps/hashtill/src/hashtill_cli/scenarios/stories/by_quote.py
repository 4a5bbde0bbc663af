"""Confirmed by a quote of the prompt."""

from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import completed
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.world import World


async def confirm_by_quote(world: World) -> Sequence[Expectation]:
    """Quote the prompt with its tag in the quoting post's own words."""
    purchase = await world.purchase("Desk Lamp", "Quentin")
    prompt = await purchase.prompt()
    answer = await purchase.member.quote(prompt.post_id, f"Look what I am buying #{prompt.confirmation_tag}")
    return completed(purchase, confirmed_by=[answer])
