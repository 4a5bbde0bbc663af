"""A post by somebody who never linked a card."""

import asyncio
from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import never_ordered, says
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.world import World


async def buy_without_a_link(world: World) -> Sequence[Expectation]:
    """Post the tag without a card: one reply says how to sync."""
    offer, person = await asyncio.gather(world.offer("Garden Hose"), world.person("Nora"))
    purchase = await world.buy(person, offer)
    return [*never_ordered(purchase, replies=1), says(purchase, purchase.post_id, "not synced")]
