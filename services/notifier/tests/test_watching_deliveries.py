"""Deliveries that wait are counted by urgency, told when they are too old, and measured."""

from datetime import timedelta
from functools import partial

import pytest
from services.notifier.tests.notifier_world import NOW, World, order_news

from chassis.watchdog import Watchdog
from hashtill_cli.testing import Metrics
from notifier.domain.delivery import MAX_AGE, Urgency
from notifier.domain.news import OrderNewsKind
from notifier.outbound.memory import MemoryStore
from notifier.usecases.watch_deliveries import watch_deliveries

HELD = order_news(OrderNewsKind.HELD)


async def test_deliveries_are_counted_until_they_are_out(world: World) -> None:
    await world.hear(HELD)

    async with world.transactions.begin() as unit:
        before = await unit.deliveries.undelivered(dict.fromkeys(Urgency, unit.at - timedelta(hours=1)))
        waiting = await unit.deliveries.undelivered(dict.fromkeys(Urgency, unit.at + timedelta(hours=1)))
    await world.send_posts()
    await world.send_mails()
    async with world.transactions.begin() as unit:
        after = await unit.deliveries.undelivered(dict.fromkeys(Urgency, unit.at + timedelta(hours=1)))

    assert (before, waiting, after) == ({}, {Urgency.PROMPT: 1}, {})


async def test_a_prompt_twice_as_old_as_it_should_be_is_told_and_measured_until_it_is_out(
    memory: MemoryStore, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(memory.transactions())
    watchdog = Watchdog("deliveries", partial(watch_deliveries, transactions=world.transactions))
    prompts = partial(metrics.total, "hashtill.watchdog.too_old", what="deliveries", kind="PROMPT")
    await world.hear(HELD)

    memory.at = NOW + 2 * MAX_AGE[Urgency.PROMPT]
    await watchdog.run_once()
    in_time = capsys.readouterr().out
    memory.at += timedelta(seconds=1)
    await watchdog.run_once()
    told, alarmed = capsys.readouterr().out, prompts()
    await world.send_posts()
    await world.send_mails()
    await watchdog.run_once()

    assert ("deliveries_too_old" in in_time, "deliveries_too_old" in told, alarmed >= 1) == (False, True, True)
    assert prompts() == 0
