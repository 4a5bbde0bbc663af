"""News comes in: plan what is said about each, and write it down with the inbox rows."""

from collections.abc import Sequence

from kernel.failpoints import FailPoint, failpoint
from notifier.domain.delivery import Delivery
from notifier.domain.news import News
from notifier.domain.planning import plan, refusal_key
from notifier.usecases.ports import Transactions, Unit


async def plan_deliveries(news: Sequence[News], *, consumer: str, transactions: Transactions) -> Sequence[Delivery]:
    """Plan the deliveries of fresh news in one transaction and give those written; a repeat plans nothing."""
    async with transactions.begin() as unit:
        fresh = await unit.inbox.add([each.cause.message_id for each in news], consumer=consumer)
        planned = [delivery for each in news if each.cause.message_id in fresh for delivery in plan(each)]
        wanted = await _without_repeated_refusals(planned, unit=unit)
        await unit.deliveries.add(wanted)
        failpoint(FailPoint.NOTIFIER_PLAN_UNCOMMITTED)
    failpoint(FailPoint.NOTIFIER_PLAN_COMMITTED)
    return wanted


async def _without_repeated_refusals(planned: Sequence[Delivery], *, unit: Unit) -> list[Delivery]:
    """Answer other refusals once for each author, reason and day: who posts on is not told again and again."""
    keys = {key: delivery.delivery_id for delivery in reversed(planned) if (key := refusal_key(delivery)) is not None}
    first = await unit.refusals.first_today(sorted(keys))
    return [
        delivery
        for delivery in planned
        if (key := refusal_key(delivery)) is None or (key in first and keys[key] == delivery.delivery_id)
    ]
