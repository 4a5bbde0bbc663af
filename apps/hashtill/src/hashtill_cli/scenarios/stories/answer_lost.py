"""A processor that times out after it has charged."""

from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import completed
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.card_network import CardKind
from hashtill_cli.scenarios.world.world import World


async def buy_while_the_processor_loses_its_answer(world: World) -> Sequence[Expectation]:
    """Let the authorization be done and its answer never come: payments asks by key, and there is one charge."""
    purchase = await world.purchase("Oak Stool", "Tilda", card=CardKind.ANSWER_LOST)
    prompt = await purchase.prompt()
    answer = await purchase.member.reply(prompt.post_id, f"Yes #{prompt.confirmation_tag}")
    return completed(purchase, confirmed_by=[answer])
