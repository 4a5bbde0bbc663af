"""Cards that may not buy: prepaid and corporate ones."""

import asyncio
from collections.abc import Sequence

from hashtill_cli.scenarios.expecting import never_ordered, says
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.card_network import CardKind
from hashtill_cli.scenarios.world.world import World


async def buy_with_a_prepaid_card(world: World) -> Sequence[Expectation]:
    """Link a prepaid card: refused at the card, and posting gets the same refusal."""
    return await _refused(world, CardKind.PREPAID, title="Sand Timer", name="Paula", word="prepaid")


async def buy_with_a_corporate_card(world: World) -> Sequence[Expectation]:
    """Link a corporate card: refused at the card, and posting gets the same refusal."""
    return await _refused(world, CardKind.CORPORATE, title="Wall Map", name="Carl", word="corporate")


async def _refused(world: World, kind: CardKind, *, title: str, name: str, word: str) -> Sequence[Expectation]:
    offer, person = await asyncio.gather(world.offer(title), world.person(name, card=kind))
    linked = await world.link(person)
    purchase = await world.buy(person, offer)

    async def refused() -> object:
        return not linked.done and word in linked.words.casefold()

    return [
        Expectation(what=f"the card page's end refuses a {word} card", expected=True, read=refused),
        *never_ordered(purchase, replies=1),
        says(purchase, purchase.post_id, f"{word.capitalize()} cards cannot buy"),
    ]
