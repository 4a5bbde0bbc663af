"""What is left open is settled later: by whom, how often, until when; and races that only PostgreSQL has."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from services.payments.tests.payments_world import CARD, EXPIRES, NOW, World, asking, charge_of

from chassis.data_testing import until
from chassis.idempotent_calls import Within
from chassis.unnest import execute_unnest, fetch_unnest
from kernel.ids import OrderId
from kernel.refusals import Refusal
from payments.domain.charge import ChargeState
from payments.domain.operation import KEY_RETRIED_FOR, OperationState
from payments.outbound.memory import MemoryStore
from payments.outbound.postgres import PostgresTransactions
from payments.usecases.begin_authorizations import begin_authorizations
from payments.usecases.begun import Begun
from payments.usecases.lapse_charges import lapse_charges
from payments.usecases.settle_operations import KEY_TOO_OLD, lease_due, settle_operations

_BLOCKED = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def test_with_nothing_due_nobody_is_asked(memory_world: World) -> None:
    assert not await settle_operations(transactions=memory_world.transactions, processor=memory_world.processor)


async def test_what_is_leased_is_nobody_elses(world: World) -> None:
    await world.card()
    world.processor.loses_answers = True
    await world.authorized()
    await world.hasten()

    first = await lease_due(transactions=world.transactions)
    second = await lease_due(transactions=world.transactions)

    assert (len(first.ask), len(second.ask)) == (1, 0)


async def test_a_key_is_retried_for_twenty_hours_and_then_left_to_a_person(
    memory: MemoryStore, memory_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    await memory_world.card()
    memory_world.processor.hears = False
    charge = await memory_world.authorized()
    assert "operation_given_up" not in capsys.readouterr().out

    memory.at = NOW + KEY_RETRIED_FOR
    await memory_world.settle()
    (operation,) = memory.operations.values()

    assert (operation.state, operation.due_at, operation.code) == (OperationState.UNKNOWN, None, KEY_TOO_OLD)
    assert len(memory_world.processor.sent) == 1
    assert (await memory_world.now(charge)).state is ChargeState.AUTHORIZING
    assert "operation_given_up" in capsys.readouterr().out


async def test_an_authorization_lapses_when_its_time_is_over(memory: MemoryStore, memory_world: World) -> None:
    await memory_world.card()
    charge = await memory_world.authorized()

    early = await lapse_charges(transactions=memory_world.transactions)
    memory.at = EXPIRES + timedelta(seconds=1)
    late = await lapse_charges(transactions=memory_world.transactions)
    await memory_world.settle()

    assert (early, late) == (False, True)
    assert (await memory_world.now(charge)).state is ChargeState.LAPSED


async def test_outcomes_are_applied_once(world: World) -> None:
    await world.card()
    world.processor.loses_answers = True
    charge = await world.authorized()
    await world.hasten()
    settling = [settle_operations(transactions=world.transactions, processor=world.processor) for _ in range(3)]

    await asyncio.gather(*settling)

    assert (await world.now(charge)).state is ChargeState.AUTHORIZED
    assert await world.kinds(charge) == ["AUTHORIZE"]


async def test_an_outcome_that_comes_twice_moves_nothing_twice(world: World) -> None:
    await world.card()
    world.processor.answers_when = asyncio.Event()
    desk = world.desk(answer_seconds=0.05)
    charge = charge_of((await desk.authorize([asking()]))[0])
    slow, world.processor.answers_when = world.processor.answers_when, None

    await world.settle()
    slow.set()
    await desk.drain()

    assert (await world.now(charge)).state is ChargeState.AUTHORIZED
    assert await world.kinds(charge) == ["AUTHORIZE"]


async def test_who_loses_the_race_for_a_key_finds_the_winners_charge(
    postgres: PostgresTransactions, postgres_world: World
) -> None:
    await postgres_world.card()
    asked, other = asking(OrderId(uuid4())), asking()

    async with postgres.begin() as winner:
        (begun,) = await begin_authorizations([asked], transactions=Within(winner))
        losing = asyncio.create_task(begin_authorizations([asked, other], transactions=postgres))
        await until(lambda: _is_blocked(postgres))
    lost, own = await losing

    assert isinstance(begun, Begun)
    assert isinstance(lost, Begun)
    assert isinstance(own, Begun)
    assert (lost.charge, lost.instruction) == (begun.charge, None)
    assert own.instruction is not None


async def test_a_second_live_charge_of_an_order_is_impossible_in_the_database(
    postgres: PostgresTransactions, postgres_world: World
) -> None:
    await postgres_world.card()
    charge = await postgres_world.authorized()

    with pytest.raises(asyncpg.UniqueViolationError):
        await _execute(
            postgres,
            "INSERT INTO charge SELECT gen_random_uuid(), order_id, 2, state, amount_minor, currency_code, card_token,"
            " card_last4, merchant_id, statement_descriptor, updated_at, 0, 0, 0, false, '', '', '', '', NULL, 1"
            " FROM charge WHERE charge_id = $1",
            charge.charge_id,
        )


@pytest.mark.parametrize(
    "statement", ["UPDATE transfer SET amount_minor = 1", "DELETE FROM transfer", "TRUNCATE transfer"]
)
async def test_the_ledger_only_grows(postgres: PostgresTransactions, postgres_world: World, statement: str) -> None:
    await postgres_world.card()
    charge = await postgres_world.authorized()

    with pytest.raises(asyncpg.RaiseError, match="only grows"):
        await _execute(postgres, statement)

    assert await postgres_world.kinds(charge) == ["AUTHORIZE"]


async def test_balances_are_derived_and_sum_to_nothing(postgres: PostgresTransactions, postgres_world: World) -> None:
    await postgres_world.card()
    charge = await postgres_world.captured()
    await postgres_world.refund(charge, 4_999)

    async with postgres.begin() as unit:
        rows = await fetch_unnest(unit.connection, "SELECT account, balance_minor FROM balance")

    balances = {row["account"]: row["balance_minor"] for row in rows}
    assert balances == {"merchant:acme": 10_000, "cardmember:available": -10_000, "cardmember:pending": 0}


async def test_a_card_that_vanished_is_not_charged(world: World) -> None:
    (answer,) = await world.authorize(asking(card_token=CARD))

    assert isinstance(answer, Refusal)
    assert not world.processor.sent


async def _is_blocked(postgres: PostgresTransactions) -> bool:
    async with postgres.begin() as unit:
        return bool(await fetch_unnest(unit.connection, _BLOCKED))


async def _execute(postgres: PostgresTransactions, statement: str, *values: object) -> None:
    async with postgres.begin() as unit:
        await execute_unnest(unit.connection, statement, *values)
