"""An edited post."""

import asyncio
from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import answers, completed
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.world import World


async def buy_by_an_edit(world: World) -> Sequence[Expectation]:
    """Add the tag by an edit: that is a purchase. Edit again after it had its effect: that is none."""
    offer, member = await asyncio.gather(world.offer("Ink Pen"), world.member("Edith"))
    post_id = await member.post("What a lovely pen")
    await member.edit(post_id, f"What a lovely pen, I want one #{offer.tag}")
    purchase = world.bought(member, offer, post_id)
    prompt = await purchase.prompt()
    answer = await member.reply(prompt.post_id, f"Yes #{prompt.confirmation_tag}")
    later_id = await member.edit(post_id, f"What a lovely pen, I want a second one #{offer.tag}")
    return [
        *completed(purchase, confirmed_by=[answer], asked_by=post_id),
        answers(purchase, later_id, number=0),
    ]
