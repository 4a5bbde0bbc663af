"""Operations without an outcome are counted by kind, told when they are too old, and measured."""

from datetime import timedelta
from functools import partial

import pytest
from services.payments.tests.payments_world import NOW, World

from chassis.watchdog import Watchdog
from hashtill_cli.testing import Metrics
from payments.domain.operation import MAX_AGE, OperationKind
from payments.outbound.memory import MemoryStore
from payments.usecases.watch_operations import watch_operations


async def test_operations_are_counted_until_their_outcome_is_known(world: World) -> None:
    await world.card()
    world.processor.loses_answers = True
    await world.authorized()

    async with world.transactions.begin() as unit:
        before = await unit.operations.unsettled_since(unit.at - timedelta(hours=1))
        unsettled = await unit.operations.unsettled_since(unit.at + timedelta(hours=1))
    world.processor.loses_answers = False
    await world.settle()
    async with world.transactions.begin() as unit:
        after = await unit.operations.unsettled_since(unit.at + timedelta(hours=1))

    assert (before, unsettled, after) == ({}, {OperationKind.AUTH: 1}, {})


async def test_an_operation_twice_as_old_as_it_should_be_is_told_and_measured_until_it_is_settled(
    memory: MemoryStore, memory_world: World, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    watchdog = Watchdog("operations", partial(watch_operations, transactions=memory_world.transactions))
    await memory_world.card()
    memory_world.processor.loses_answers = True
    await memory_world.authorized()

    memory.at = NOW + 2 * MAX_AGE
    await watchdog.run_once()
    in_time = capsys.readouterr().out
    memory.at = NOW + 2 * MAX_AGE + timedelta(seconds=1)
    await watchdog.run_once()
    told, alarmed = capsys.readouterr().out, metrics.total("hashtill.watchdog.too_old", what="operations", kind="AUTH")
    memory_world.processor.loses_answers = False
    await memory_world.settle()
    await watchdog.run_once()

    assert ("operations_too_old" in in_time, "operations_too_old" in told, alarmed) == (False, True, 1)
    assert metrics.total("hashtill.watchdog.too_old", what="operations", kind="AUTH") == 0
