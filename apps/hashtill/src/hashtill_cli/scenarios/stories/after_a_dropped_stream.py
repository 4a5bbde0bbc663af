"""A confirmation posted while our stream was down."""

from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import completed
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.world import World

DARK_SECONDS = 4.0
"""Long enough that the confirmation comes only by asking X what was missed."""


async def confirm_after_a_dropped_stream(world: World) -> Sequence[Expectation]:
    """Drop both streams, let X refuse to connect for a while, and post the confirmation meanwhile."""
    purchase = await world.purchase("Camp Stove", "Dario")
    prompt = await purchase.prompt()
    await world.x.fault("refuse", seconds=DARK_SECONDS)
    await world.x.fault("drop")
    answer = await purchase.member.post(f"Still want it #{prompt.confirmation_tag}")
    await purchase.until("AUTHORIZING", "AUTHORIZED", "READY_TO_SHIP", "SHIPPING", "CAPTURING", "COMPLETED")
    return completed(purchase, confirmed_by=[answer])
