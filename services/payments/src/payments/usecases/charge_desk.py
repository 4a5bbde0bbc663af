"""The charge desk: begins what callers ask, has it carried out in batches, and answers in time with what is known."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar

import structlog

from kernel.refusals import Refusal, RefusalKind
from payments.domain.authorizing import AuthorizationAsked
from payments.domain.charge import Charge
from payments.domain.instruction import Instruction
from payments.domain.operation import OperationKind
from payments.domain.refunding import RefundAsked
from payments.usecases.begin_authorizations import begin_authorizations
from payments.usecases.begin_endings import EndingAsked, begin_endings
from payments.usecases.begin_refund import RefundStanding, begin_refund, read_refund
from payments.usecases.begun import Begun
from payments.usecases.carry_out import carry_out
from payments.usecases.gathering import WAITING_MAX, Gatherer
from payments.usecases.ports import Processor, Transactions

ANSWER_SECONDS = 1.8
"""A batch call answers within 2 s; what is not known by then is PENDING and its end comes as an event."""

BEGINNING_AT_ONCE_MAX = 2
"""Transactions of one kind at once: more would only queue in the pool of 8."""

SENDING_AT_ONCE_MAX = 8
"""Calls of one kind to the processor at once: a slow card makes its whole batch slow, others pass it by."""

T = TypeVar("T")
R = TypeVar("R")
Outcome: TypeAlias = Charge | Refusal | Exception
"""The charge as it stands, why there is none, or the bug that met this item alone."""


class ChargeDesk:
    """One a process. `wake_settler` is called when something follows that the settler sends."""

    def __init__(
        self,
        *,
        transactions: Transactions,
        processor: Processor,
        is_outage: Callable[[BaseException], bool],
        wake_settler: Callable[[], None],
        answer_seconds: float = ANSWER_SECONDS,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._transactions, self._processor, self._wake_settler = transactions, processor, wake_settler
        self._answer_seconds = answer_seconds
        self._is_outage = is_outage

        def gathered(
            work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, lanes_max: int = BEGINNING_AT_ONCE_MAX
        ) -> Gatherer[T, R]:
            return Gatherer(work, lanes_max=lanes_max, is_outage=is_outage, waiting_max=waiting_max)

        self._authorizations = gathered(self._begin_authorizations)
        self._captures = gathered(self._begin_captures)
        self._voids = gathered(self._begin_voids)
        self._sending = {kind: gathered(self._carry_out, lanes_max=SENDING_AT_ONCE_MAX) for kind in OperationKind}

    async def authorize(self, asked: Sequence[AuthorizationAsked]) -> list[Outcome]:
        """Authorise each, one outcome each in the same order; TOO_BUSY when the queue is full or the database away."""
        return await self._both(self._authorizations, asked)

    async def capture(self, asked: Sequence[EndingAsked]) -> list[Outcome]:
        """Take each in full."""
        return await self._both(self._captures, asked)

    async def void(self, asked: Sequence[EndingAsked]) -> list[Outcome]:
        """Give each back."""
        return await self._both(self._voids, asked)

    async def refund(self, asked: RefundAsked) -> RefundStanding | Refusal:
        """Give back part or all of one."""
        begun = await begin_refund(asked, transactions=self._transactions)
        if isinstance(begun, Refusal):
            return begun
        await self._finish([begun], answer_by=self._answer_by())
        return await read_refund(asked, transactions=self._transactions)

    async def drain(self) -> None:
        """Wait until what was asked is begun and carried out; for the stop, after the server."""
        await asyncio.gather(*(each.drain() for each in (self._authorizations, self._captures, self._voids)))
        await asyncio.gather(*(each.drain() for each in self._sending.values()))

    async def _both(self, beginning: Gatherer[T, Begun | Refusal], asked: Sequence[T]) -> list[Outcome]:
        if not beginning.has_room(len(asked)):
            return [too_busy() for _ in asked]
        answer_by = self._answer_by()
        begun = await asyncio.gather(*(beginning.submit(each) for each in asked))
        return await self._finish(begun, answer_by=answer_by)

    async def _finish(self, begun: Sequence[Begun | Refusal | Exception], *, answer_by: float) -> list[Outcome]:
        """Send what was begun and wait for it, but not past the answer's time: then the charge is as it was begun."""
        sent = [self._send(each.instruction) if isinstance(each, Begun) else None for each in begun]
        waited_for = [each for each in sent if each is not None]
        if waited_for:
            left_seconds = max(0.0, answer_by - asyncio.get_running_loop().time())
            await asyncio.wait(waited_for, timeout=left_seconds)
        return [self._outcome(each, sending) for each, sending in zip(begun, sent, strict=True)]

    def _outcome(
        self, begun: Begun | Refusal | Exception, sending: "asyncio.Future[Charge | Exception] | None"
    ) -> Outcome:
        """Give the charge as it is now; what failed after it was begun is in flight still, and so as it was begun."""
        if isinstance(begun, Refusal):
            return begun
        if isinstance(begun, Exception):
            return too_busy() if self._is_outage(begun) else begun
        if sending is None or not sending.done() or isinstance(now := sending.result(), Exception):
            return begun.charge
        return now

    def _send(self, instruction: Instruction | None) -> "asyncio.Future[Charge | Exception] | None":
        """Queue it for sending; with a full queue it stays SENT, and the settler takes it up when its lease is over."""
        if instruction is None or not self._sending[instruction.kind].has_room(1):
            return None
        return self._sending[instruction.kind].submit(instruction)

    async def _carry_out(self, instructions: Sequence[Instruction]) -> list[Charge]:
        try:
            applied = await carry_out(instructions, transactions=self._transactions, processor=self._processor)
        except Exception:
            structlog.get_logger().exception("charges_left_to_the_settler", count=len(instructions))
            raise
        if applied.follows:
            self._wake_settler()
        return [applied.charges[each.charge_id] for each in instructions]

    async def _begin_authorizations(self, asked: Sequence[AuthorizationAsked]) -> list[Begun | Refusal]:
        return await begin_authorizations(asked, transactions=self._transactions)

    async def _begin_captures(self, asked: Sequence[EndingAsked]) -> list[Begun | Refusal]:
        return await begin_endings(OperationKind.CAPTURE, asked, transactions=self._transactions)

    async def _begin_voids(self, asked: Sequence[EndingAsked]) -> list[Begun | Refusal]:
        return await begin_endings(OperationKind.VOID, asked, transactions=self._transactions)

    def _answer_by(self) -> float:
        return asyncio.get_running_loop().time() + self._answer_seconds


def too_busy() -> Refusal:
    """Say that the queue is full."""
    return Refusal(
        kind=RefusalKind.BUSY, reason="TOO_BUSY", message="Too many charges wait just now; send the same again soon."
    )
