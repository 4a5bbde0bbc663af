"""A protected account."""

import asyncio
from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import never_ordered
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.world import World


async def buy_from_a_protected_account(world: World) -> Sequence[Expectation]:
    """Try to link while protected: the page says no. And who protects the account later is not heard at all."""
    offer, hidden, member = await asyncio.gather(
        world.offer("Paper Kite"), world.person("Prot", protected=True), world.member("Hugo")
    )
    linked = await world.link(hidden)
    await world.x.protect(member.user_id)
    first, second = await world.buy(hidden, offer), await world.buy(member, offer)

    async def refused() -> object:
        return not linked.done and "protected" in linked.words.casefold()

    return [
        Expectation(what="the link page refuses a protected account", expected=True, read=refused),
        *never_ordered(first, replies=0),
        *never_ordered(second, replies=0),
    ]
