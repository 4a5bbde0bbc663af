"""A processor inside this process, for benchmarks of everything else: authorises whatever it is asked, in memory."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from kernel.refusals import Refusal
from kernel.secret import Secret
from payments.domain.card import CardProduct, IssuerFacts, TokenizedCard
from payments.domain.card_entry import CardEntry
from payments.domain.instruction import Instruction
from payments.domain.outcome import Done, Outcome

ANSWERS_MAX = 200_000
"""Answers kept by key, the oldest leaving first; a benchmark asks again within seconds."""

HOLD = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcessProcessor:
    """Answers at once and never says no; the same key gets the same answer. Only where HASHTILL_BENCH=1."""

    answers: OrderedDict[str, Done] = field(default_factory=OrderedDict)
    answers_max: int = ANSWERS_MAX

    async def tokenize(self, entry: CardEntry, *, key: str) -> TokenizedCard | Refusal:  # noqa: ARG002 - nothing is kept
        """Give any card a token of a consumer card of the United States."""
        number = entry.number.reveal()
        facts = IssuerFacts(
            brand="amex",
            product=CardProduct.CONSUMER_CREDIT,
            country="US",
            last4=number[-4:],
            account_reference=hashlib.sha256(number[:-1].encode()).hexdigest(),
        )
        return TokenizedCard(processor_token=Secret(secrets.token_urlsafe(16)), facts=facts)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Do everything."""
        return [self._do(instruction) for instruction in instructions]

    async def ask(self, keys: Sequence[str]) -> Sequence[Outcome | None]:
        """Tell what was done under keys."""
        return [self.answers.get(key) for key in keys]

    def _do(self, instruction: Instruction) -> Done:
        known = self.answers.get(instruction.key)
        if known is not None:
            return known
        reference = f"{instruction.kind.lower()}_{len(self.answers)}_{instruction.key[-12:]}"
        done = Done(reference=reference, network_reference=reference, expires_at=datetime.now(UTC) + HOLD)
        self.answers[instruction.key] = done
        if len(self.answers) > self.answers_max:
            self.answers.popitem(last=False)
        return done
