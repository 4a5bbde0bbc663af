"""The card processor, simulated: one book, keys that make repeats harmless, cards that decline, lapse or refuse."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from tests.simulation.chance import Fault
from tests.simulation.stage import Life, Stage

from hashtill_cli.checking.rows import MovementRow
from kernel.refusals import Refusal
from payments.domain.card import TokenizedCard
from payments.domain.card_entry import CardEntry
from payments.domain.instruction import Instruction
from payments.domain.operation import OperationKind
from payments.domain.outcome import Declined, Done, Gone, Outcome, Unknown

TIMEOUT_SECONDS = 1.5
SLOW_SECONDS = 2.5
HOLD = timedelta(days=7)


class CardKind(StrEnum):
    """How a card behaves."""

    GOOD = "good"
    DECLINED = "declined"
    LAPSES_AT_CAPTURE = "lapses at capture"
    LAPSES_ALWAYS = "lapses at every capture"
    LAPSES_THEN_DECLINES = "lapses at capture, then declines"
    CAPTURE_DECLINED = "declines the first capture"
    LAPSES_SOON = "lapses in the remorse time"
    LAPSES_UNSHIPPED = "lapses before it ships"
    NO_REFUND = "refuses refunds"


_HOLDS = {CardKind.LAPSES_SOON: timedelta(minutes=12), CardKind.LAPSES_UNSHIPPED: timedelta(hours=2)}


@dataclass(slots=True, kw_only=True)
class _Hold:
    kind: CardKind
    reference: str
    left_minor: int
    currency: str


@dataclass(slots=True)
class SimProcessor:
    """The processor's side: `movements` is its book."""

    stage: Stage
    movements: list[MovementRow] = field(default_factory=list)
    answers: dict[str, Outcome] = field(default_factory=dict)
    _holds: dict[str, _Hold] = field(default_factory=dict)
    _attempts: dict[str, int] = field(default_factory=dict)

    def seen_by(self, life: Life) -> "ProcessorPort":
        """Give the port of one life of payments."""
        return ProcessorPort(life, self)

    def do(self, instruction: Instruction) -> Outcome:
        """Do what is asked, once a key."""
        if instruction.key not in self.answers:
            self.answers[instruction.key] = _DO[instruction.kind](self, instruction)
            what = type(self.answers[instruction.key]).__name__
            self.stage.tell("processor", f"{instruction.key} {what}")
        return self.answers[instruction.key]

    def _authorize(self, instruction: Instruction) -> Outcome:
        kind = CardKind(instruction.source.reveal().partition("|")[0])
        attempt = self._attempts[instruction.reference] = self._attempts.get(instruction.reference, 0) + 1
        if kind is CardKind.DECLINED or (kind is CardKind.LAPSES_THEN_DECLINES and attempt > 1):
            return Declined(code="insufficient_funds")
        if attempt > 1 and kind in {CardKind.LAPSES_AT_CAPTURE, CardKind.CAPTURE_DECLINED}:
            kind = CardKind.GOOD
        authorization = f"auth-{len(self._holds) + 1}"
        amount = instruction.amount
        self._holds[authorization] = _Hold(
            kind=kind,
            reference=instruction.reference,
            left_minor=amount.amount_minor,
            currency=amount.currency_code,
        )
        self._move("authorization", authorization, amount.amount_minor)
        return Done(reference=authorization, expires_at=self.stage.now() + _HOLDS.get(kind, HOLD))

    def _capture(self, instruction: Instruction) -> Outcome:
        authorization = instruction.source.reveal()
        hold = self._holds[authorization]
        if hold.kind is CardKind.CAPTURE_DECLINED:
            return Declined(code="capture_declined")
        if hold.left_minor and hold.kind not in {CardKind.GOOD, CardKind.NO_REFUND}:
            self._move("lapse", authorization, hold.left_minor)
            hold.left_minor = 0
        if not hold.left_minor:
            return Gone(code="authorization_gone")
        self._move("capture", authorization, instruction.amount.amount_minor)
        hold.left_minor -= instruction.amount.amount_minor
        return Done(reference=f"capture|{authorization}")

    def _void(self, instruction: Instruction) -> Outcome:
        authorization = instruction.source.reveal()
        hold = self._holds[authorization]
        if not hold.left_minor:
            return Gone(code="authorization_gone")
        self._move("void", authorization, hold.left_minor)
        hold.left_minor = 0
        return Done(reference=f"void|{authorization}")

    def _refund(self, instruction: Instruction) -> Outcome:
        authorization = instruction.source.reveal().partition("|")[2]
        if self._holds[authorization].kind is CardKind.NO_REFUND:
            return Declined(code="refund_refused")
        self._move("refund", authorization, instruction.amount.amount_minor)
        return Done(reference=f"refund|{instruction.key}")

    def _move(self, kind: str, authorization: str, amount_minor: int) -> None:
        hold = self._holds[authorization]
        self.movements.append(
            MovementRow(
                sequence=len(self.movements) + 1,
                kind=kind,
                authorization=authorization,
                reference=hold.reference,
                amount_minor=amount_minor,
                currency=hold.currency,
            )
        )


_DO: Mapping[OperationKind, Callable[[SimProcessor, Instruction], Outcome]] = MappingProxyType(
    {
        OperationKind.AUTH: SimProcessor._authorize,
        OperationKind.CAPTURE: SimProcessor._capture,
        OperationKind.VOID: SimProcessor._void,
        OperationKind.REFUND: SimProcessor._refund,
    }
)


class ProcessorPort:
    """The processor as payments reaches it."""

    def __init__(self, life: Life, processor: SimProcessor) -> None:
        self._life, self._processor = life, processor

    async def tokenize(self, entry: CardEntry, *, key: str) -> TokenizedCard | Refusal:
        """Nobody enters a card here."""
        raise NotImplementedError(f"{key}: {entry.exp_year}")

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Carry out a batch; each may be lost on the way there or back."""
        await self._life.step("asks the processor")
        await asyncio.sleep(SLOW_SECONDS * self._life.stage.draw() ** 6)
        outcomes = [self._sent(each) for each in instructions]
        await self._life.step("hears from the processor")
        return outcomes

    async def ask(self, keys: Sequence[str]) -> Sequence[Outcome | None]:
        """Tell what became of keys."""
        await self._life.step("asks the processor for keys")
        strikes = self._life.stage.weather.strikes
        return [
            Unknown(why="no answer")
            if strikes(Fault.PROCESSOR_ANSWER_LOST, f"ask {key}")
            else self._processor.answers.get(key)
            for key in keys
        ]

    def _sent(self, instruction: Instruction) -> Outcome:
        weather = self._life.stage.weather
        if weather.strikes(Fault.PROCESSOR_REQUEST_LOST, instruction.key):
            return Unknown(why="no answer")
        outcome = self._processor.do(instruction)
        if weather.strikes(Fault.PROCESSOR_ANSWER_LOST, instruction.key):
            return Unknown(why="no answer")
        return outcome
