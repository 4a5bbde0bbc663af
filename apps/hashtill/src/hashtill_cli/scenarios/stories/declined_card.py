"""A card that the network declines."""

from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import DECLINED, answers, ended, says, stock
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.card_network import CardKind
from hashtill_cli.scenarios.world.purchase import DECLINED_MAIL, PROMPT_MAIL
from hashtill_cli.scenarios.world.world import World


async def buy_with_a_card_that_is_declined(world: World) -> Sequence[Expectation]:
    """Confirm with a card that has nothing left: the unit goes back, and nobody is told the code in public."""
    purchase = await world.purchase("Steel Pan", "Doris", card=CardKind.DECLINED)
    prompt = await purchase.prompt()
    answer = await purchase.member.reply(prompt.post_id, f"Yes #{prompt.confirmation_tag}")
    return [
        *ended(purchase, "DECLINED", charges=DECLINED, mails={PROMPT_MAIL: 1, DECLINED_MAIL: 1}),
        stock(purchase, (purchase.offer.stock, 0, 0)),
        answers(purchase, answer, number=1),
        says(purchase, answer, "could not be charged"),
    ]
