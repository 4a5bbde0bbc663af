"""A confirmation that comes too late."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from hashtill_cli.scenarios.expecting import answers, ended, says, stock
from hashtill_cli.scenarios.outcome import Expectation
from hashtill_cli.scenarios.world.purchase import EXPIRED_MAIL, PROMPT_MAIL
from hashtill_cli.scenarios.world.world import World

LATE_SECONDS = 0.5


async def confirm_too_late(world: World) -> Sequence[Expectation]:
    """Let the window close, then post the tag: nothing is charged, and the reply says why."""
    purchase = await world.purchase("Alarm Clock", "Ludo")
    prompt = await purchase.prompt()
    order = await purchase.until("AWAITING_CONFIRMATION")
    left = order.confirm_by.ToDatetime(UTC) - datetime.now(UTC)
    await asyncio.sleep(left.total_seconds() + LATE_SECONDS)
    answer = await purchase.member.reply(prompt.post_id, f"Now! #{prompt.confirmation_tag}")
    return [
        *ended(purchase, "EXPIRED", mails={PROMPT_MAIL: 1, EXPIRED_MAIL: 1}),
        stock(purchase, (purchase.offer.stock, 0, 0)),
        answers(purchase, answer, number=1),
        says(purchase, answer, "too late"),
    ]
