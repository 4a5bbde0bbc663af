"""Holds of concurrent requests are gathered into batches; queues, times and failures are bounded."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from services.offers.tests.offers_world import asks, never_an_outage, reason_of

from kernel.refusals import Refusal
from kernel.tags import Tag
from offers.domain.hold import HoldAsked
from offers.domain.hold_refusals import too_busy
from offers.usecases.gather_holds import BATCH_MAX, HoldGatherer, Outcome

AT = datetime(2013, 2, 14, 12, tzinfo=UTC)


class Holds:
    """Answers each hold with ALL_HELD once the gate is open, and keeps the batches it was given."""

    def __init__(self) -> None:
        self.batches: list[Sequence[HoldAsked]] = []
        self.gate = asyncio.Event()
        self.third = asyncio.Event()
        self.poison: set[Any] = set()

    async def __call__(self, asked: Sequence[HoldAsked]) -> list[Any]:
        self.batches.append(asked)
        if len(self.batches) == 3:
            self.third.set()
        await self.gate.wait()
        if any(each.order_id in self.poison for each in asked):
            raise ValueError("poison")
        return [too_busy() for _ in asked]


def gatherer(holds: Holds, **options: Any) -> HoldGatherer:
    return HoldGatherer(holds, is_outage=options.pop("is_outage", never_an_outage), **options)


def many(count: int, tag: str = "a") -> list[HoldAsked]:
    return [asks(tag, at=AT) for _ in range(count)]


async def test_what_waits_while_a_batch_is_decided_is_the_next_batch() -> None:
    holds = Holds()
    gathering = gatherer(holds)
    calls = [asyncio.create_task(gathering.hold(many(1)))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    calls += [asyncio.create_task(gathering.hold(many(100))) for _ in range(3)]
    await asyncio.sleep(0)
    holds.gate.set()

    answers = await asyncio.gather(*calls)

    assert [len(batch) for batch in holds.batches] == [1, BATCH_MAX, 100]
    assert [len(answer) for answer in answers] == [1, 100, 100, 100]


async def test_tags_do_not_wait_for_each_other() -> None:
    holds = Holds()
    gathering = gatherer(holds)
    calls = [asyncio.create_task(gathering.hold(many(1, tag))) for tag in "abc"]
    await asyncio.wait_for(holds.third.wait(), timeout=5)

    holds.gate.set()
    await asyncio.gather(*calls)

    assert {batch[0].tag for batch in holds.batches} == {Tag("a"), Tag("b"), Tag("c")}


async def test_a_full_queue_sheds_at_once() -> None:
    holds = Holds()
    gathering = gatherer(holds, waiting_max=2)

    call = asyncio.create_task(gathering.hold(many(5)))
    await asyncio.sleep(0)
    holds.gate.set()
    answers = await call

    assert sum(len(batch) for batch in holds.batches) == 2
    assert [reason_of(answer) for answer in answers] == ["TOO_BUSY"] * 5


async def test_what_is_not_decided_in_time_is_told_to_ask_again_and_not_decided_later() -> None:
    holds = Holds()
    gathering = gatherer(holds, answer_seconds=0.01)

    first = await gathering.hold(many(1))
    second = await gathering.hold(many(1))
    holds.gate.set()
    await gathering.drain()

    assert [reason_of(answer) for answer in (*first, *second)] == ["TOO_BUSY", "TOO_BUSY"]
    assert len(holds.batches) == 1


async def test_a_poisoned_hold_fails_alone() -> None:
    holds = Holds()
    holds.gate.set()
    asked = many(5)
    holds.poison = {asked[2].order_id}

    answers: list[Outcome] = await gatherer(holds).hold(asked)

    assert [isinstance(answer, ValueError) for answer in answers] == [False, False, True, False, False]
    assert [isinstance(answer, Refusal) for answer in answers] == [True, True, False, True, True]


async def test_in_an_outage_all_may_ask_again_and_nobody_is_tried_alone() -> None:
    holds = Holds()
    holds.gate.set()
    asked = many(5)
    holds.poison = {asked[2].order_id}

    answers = await gatherer(holds, is_outage=lambda _error: True).hold(asked)

    assert [reason_of(answer) for answer in answers] == ["TOO_BUSY"] * 5
    assert len(holds.batches) == 1


async def test_nothing_asked_is_nothing_done() -> None:
    holds = Holds()

    assert await gatherer(holds).hold([]) == []
    assert holds.batches == []
