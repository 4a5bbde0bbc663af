"""Gathering: what comes together is done together, and what fails fails alone."""

import asyncio
from collections.abc import Sequence
from typing import NoReturn

import pytest
from services.payments.tests.payments_world import World, asking, charge_of, reason_of

from payments.domain.charge import ChargeState
from payments.usecases.charge_desk import SENDING_AT_ONCE_MAX
from payments.usecases.gathering import BATCH_MAX, Gatherer


class Works:
    """Doubles numbers; remembers its batches; fails where told."""

    def __init__(self, *, bad: int = -1, away: bool = False) -> None:
        self.bad, self.away = bad, away
        self.batches: list[int] = []

    async def __call__(self, numbers: Sequence[int]) -> Sequence[int]:
        self.batches.append(len(numbers))
        await asyncio.sleep(0)
        if self.away:
            raise ConnectionError("away")
        if self.bad in numbers:
            raise ValueError("bad")
        return [2 * number for number in numbers]


def gatherer(works: Works, *, waiting_max: int = 1_000) -> Gatherer[int, int]:
    return Gatherer(
        works, lanes_max=1, is_outage=lambda error: isinstance(error, ConnectionError), waiting_max=waiting_max
    )


async def test_what_waits_is_done_in_batches() -> None:
    works = Works()
    gathering = gatherer(works)

    answers = await asyncio.gather(*(gathering.submit(n) for n in range(BATCH_MAX + 1)))

    assert answers == [2 * n for n in range(BATCH_MAX + 1)]
    assert works.batches == [BATCH_MAX, 1]


async def test_the_guilty_one_fails_alone() -> None:
    gathering = gatherer(Works(bad=1))

    answers = await asyncio.gather(*(gathering.submit(n) for n in range(3)))

    assert (answers[0], answers[2]) == (0, 4)
    assert isinstance(answers[1], ValueError)


async def test_in_an_outage_nobody_is_guilty() -> None:
    works = Works(away=True)
    gathering = gatherer(works)

    answers = await asyncio.gather(*(gathering.submit(n) for n in range(3)))

    assert all(isinstance(each, ConnectionError) for each in answers)
    assert works.batches == [3]


async def test_one_who_no_longer_waits_is_served_all_the_same() -> None:
    works = Works()
    gathering = gatherer(works)

    gathering.submit(1).cancel()
    await gathering.drain()

    assert works.batches == [1]


async def test_a_full_queue_has_no_room() -> None:
    gathering = gatherer(Works(), waiting_max=2)

    gathering.submit(1)

    assert gathering.has_room(1)
    assert not gathering.has_room(2)
    await gathering.drain()


async def test_a_full_desk_is_busy(memory_world: World) -> None:
    memory_world.waiting_max = 1

    answers = await memory_world.authorize(asking(), asking())

    assert [reason_of(each) for each in answers] == ["TOO_BUSY", "TOO_BUSY"]


async def test_a_full_sending_queue_leaves_the_charge_to_the_settler(memory_world: World) -> None:
    await memory_world.card()
    memory_world.waiting_max, memory_world.processor.answers_when = 1, asyncio.Event()
    desk = memory_world.desk(answer_seconds=0.01)
    for _ in range(SENDING_AT_ONCE_MAX + 1):
        await desk.authorize([asking()])

    last = charge_of((await desk.authorize([asking()]))[0])
    memory_world.processor.answers_when.set()
    await desk.drain()

    assert (await memory_world.now(last)).state is ChargeState.AUTHORIZING
    assert len(memory_world.processor.sent) == SENDING_AT_ONCE_MAX + 1


@pytest.mark.parametrize(("error", "reason"), [(ConnectionError("away"), "TOO_BUSY"), (ValueError("bug"), None)])
async def test_what_fails_before_it_is_begun_is_busy_or_a_bug(error: Exception, reason: str | None) -> None:
    world = World(Failing(error), hasten=nothing_to_hasten)

    (answer,) = await world.authorize(asking())

    assert answer is error if reason is None else reason_of(answer) == reason


async def nothing_to_hasten() -> None:
    return None


class Failing:
    """A database that fails whenever it is asked."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def begin(self) -> NoReturn:
        raise self._error
