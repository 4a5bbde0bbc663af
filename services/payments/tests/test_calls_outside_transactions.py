"""The processor is never called inside a transaction: it may take seconds, and everybody else would wait."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from services.payments.tests.payments_world import ToldProcessor, World

from payments.domain.instruction import Instruction
from payments.domain.outcome import Outcome
from payments.usecases.ports import Transactions, Unit


class Watched:
    """Transactions that know whether one is open."""

    def __init__(self, inner: Transactions) -> None:
        self._inner, self.is_open = inner, False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Unit]:
        async with self._inner.begin() as unit:
            self.is_open = True
            try:
                yield unit
            finally:
                self.is_open = False


class Outside(ToldProcessor):
    """A processor that notes each call, and whether a transaction was open meanwhile."""

    transactions: Watched
    calls: list[tuple[str, bool]]

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        self.calls.append(("send", self.transactions.is_open))
        return await super().send(instructions)

    async def ask(self, keys: Sequence[str]) -> Sequence[Outcome | None]:
        self.calls.append(("ask", self.transactions.is_open))
        return await super().ask(keys)


async def test_the_processor_is_not_called_inside_a_transaction(memory_world: World) -> None:
    world, processor = memory_world, Outside(loses_answers=True)
    processor.transactions, processor.calls = Watched(world.transactions), []
    world.transactions, world.processor = processor.transactions, processor
    await world.card()

    pending = await world.authorized()
    await world.settle()
    processor.loses_answers = False
    await world.refund(await world.capture(pending), 1)

    assert {name for name, _ in processor.calls} == {"send", "ask"}
    assert [name for name, inside in processor.calls if inside] == []
