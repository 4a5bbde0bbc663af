"""A small world for payments' tests: made-up cards and orders, and a processor that answers as told."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from kernel.ids import CardToken, ChargeId, MerchantId, OrderId
from kernel.money import Money
from kernel.refusals import Refusal
from kernel.secret import Secret
from payments.domain.authorizing import AuthorizationAsked
from payments.domain.card import CardProduct, IssuerFacts, KnownCard, PostalAddress, TokenizedCard, VaultCard
from payments.domain.card_entry import CardEntry
from payments.domain.charge import Charge, ChargeKey
from payments.domain.instruction import Instruction
from payments.domain.outcome import Done, Outcome, Unknown
from payments.domain.refunding import RefundAsked
from payments.usecases.begin_endings import EndingAsked
from payments.usecases.begin_refund import RefundStanding
from payments.usecases.charge_desk import ChargeDesk
from payments.usecases.charge_desk import Outcome as Answer
from payments.usecases.gathering import WAITING_MAX
from payments.usecases.ports import Processor, Transactions
from payments.usecases.read_charges import batch_get_charges
from payments.usecases.settle_operations import settle_operations

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EXPIRES = datetime(2026, 11, 30, 12, tzinfo=UTC)
PRICE = Money(amount_minor=14_999, currency_code="USD")
BROWSER, OTHER_BROWSER = "a" * 64, "b" * 64
CARD = CardToken("tok_1")
NUMBER, CVV = "378282246310005", "1234"
ADDRESS = PostalAddress(
    name="Ann Example",
    lines=("1 Main St", "Floor 2"),
    city="New York",
    region="NY",
    postal_code="10285",
    country_code="US",
)
FACTS = IssuerFacts(
    brand="amex", product=CardProduct.CONSUMER_CREDIT, country="US", last4="0005", account_reference="HTIL1"
)
ENTRY = CardEntry(number=Secret(NUMBER), cvv=Secret(CVV), exp_month=12, exp_year=2030, billing=ADDRESS)
FORM = {
    "number": "3782 822463 10005",
    "expiry": "12/30",
    "cvv": CVV,
    "name": "Ann Example",
    "line1": "1 Main St",
    "line2": "Floor 2",
    "city": "New York",
    "region": "ny",
    "postal_code": "10285",
    "country": "US",
}

Hasten = Callable[[], Awaitable[None]]
"""Makes every operation that waits for its next question due now."""


@dataclass(slots=True)
class ToldProcessor:
    """A processor that keeps answers by key as a real one does, and answers each first sending as told."""

    answer: Outcome | None = None
    refusal: Refusal | None = None
    loses_answers: bool = False
    hears: bool = True
    fails: Exception | None = None
    answers_when: asyncio.Event | None = None
    done: dict[str, Outcome] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)

    async def tokenize(self, entry: CardEntry, *, key: str) -> TokenizedCard | Refusal:
        assert entry.number.reveal()
        assert key
        return self.refusal or TokenizedCard(processor_token=Secret("processor-token"), facts=FACTS)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        self.sent += [instruction.key for instruction in instructions]
        outcomes = [self._outcome(instruction) for instruction in instructions]
        if self.answers_when is not None:
            await self.answers_when.wait()
        if self.fails is not None:
            raise self.fails
        return outcomes

    async def ask(self, keys: Sequence[str]) -> Sequence[Outcome | None]:
        return [self.done.get(key) for key in keys]

    def _outcome(self, instruction: Instruction) -> Outcome:
        if not self.hears:
            return Unknown(why="no_answer")
        known = self.done.setdefault(instruction.key, self.answer or _done(instruction))
        return Unknown(why="no_answer") if self.loses_answers else known


@dataclass(slots=True)
class World:
    """Payments' transactions, its desk, and the processor beyond."""

    transactions: Transactions
    hasten: Hasten
    processor: ToldProcessor = field(default_factory=ToldProcessor)
    wakes: int = 0
    waiting_max: int = WAITING_MAX

    def desk(self, processor: Processor | None = None, *, answer_seconds: float = 5) -> ChargeDesk:
        return ChargeDesk(
            transactions=self.transactions,
            processor=processor or self.processor,
            is_outage=lambda error: isinstance(error, ConnectionError),
            wake_settler=self._woken,
            answer_seconds=answer_seconds,
            waiting_max=self.waiting_max,
        )

    async def card(self, token: CardToken = CARD) -> CardToken:
        """Put a card in the vault."""
        card = vault_card(token)
        async with self.transactions.begin() as unit:
            await unit.cards.add(card)
        return card.known.card_token

    async def authorize(self, *asked: AuthorizationAsked) -> list[Answer]:
        return await self.desk().authorize(asked)

    async def authorized(self, order_id: OrderId | None = None) -> Charge:
        """Bring a charge to AUTHORIZED."""
        return charge_of((await self.authorize(asking(order_id)))[0])

    async def captured(self) -> Charge:
        """Bring a charge to CAPTURED."""
        charge = await self.authorized()
        return await self.capture(charge)

    async def capture(self, charge: Charge) -> Charge:
        return charge_of((await self.desk().capture([EndingAsked(charge_id=charge.charge_id)]))[0])

    async def void(self, charge_id: ChargeId) -> Answer:
        return (await self.desk().void([EndingAsked(charge_id=charge_id)]))[0]

    async def refund(
        self, charge: Charge, amount_minor: int, *, request_id: UUID | None = None
    ) -> RefundStanding | Refusal:
        amount = replace(PRICE, amount_minor=amount_minor)
        asked = RefundAsked(request_id=request_id or uuid4(), charge_id=charge.charge_id, amount=amount)
        return await self.desk().refund(asked)

    async def settle(self) -> None:
        """Let the settler work until nothing is due."""
        await self.hasten()
        for _ in range(3):
            await settle_operations(transactions=self.transactions, processor=self.processor)

    async def now(self, charge: Charge) -> Charge:
        """Read a charge as it stands."""
        return charge_of((await batch_get_charges([key_of(charge)], transactions=self.transactions))[0])

    async def kinds(self, charge: Charge) -> list[str]:
        """Name a charge's transfers, oldest first."""
        async with self.transactions.begin() as unit:
            page = await unit.ledger.page(order_id=charge.order_id, after=0, limit=100)
        return [entered.transfer.kind.value for entered in page]

    def _woken(self) -> None:
        self.wakes += 1


def asking(order_id: OrderId | None = None, **changes: object) -> AuthorizationAsked:
    """Ask for the usual authorization, with changes."""
    asked = AuthorizationAsked(
        order_id=order_id or OrderId(uuid4()),
        attempt=1,
        card_token=CARD,
        amount=PRICE,
        merchant_id=MerchantId("acme"),
        statement_descriptor="ACME KINDLE",
        cause="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return replace(asked, **changes)  # type: ignore[arg-type] # the test names fields of AuthorizationAsked


def refund_asked(charge: Charge, amount_minor: int = 1) -> RefundAsked:
    """Ask for a refund in dollars."""
    amount = replace(PRICE, amount_minor=amount_minor)
    return RefundAsked(request_id=uuid4(), charge_id=charge.charge_id, amount=amount)


def vault_card(token: CardToken) -> VaultCard:
    """Give the usual card under a token."""
    known = KnownCard(card_token=token, facts=FACTS, billing_country="US", billing_region="NY", entered_at=NOW)
    return VaultCard(
        known=known, processor_token=Secret("processor-token"), billing=Secret(ADDRESS), fingerprint=b"f" * 32
    )


def charge_of(answer: Answer) -> Charge:
    """Take the charge out of an answer that must hold one."""
    assert isinstance(answer, Charge), answer
    return answer


def reason_of(answer: object) -> str:
    """Take the reason out of an answer that must be a refusal."""
    assert isinstance(answer, Refusal), answer
    return answer.reason


def key_of(charge: Charge) -> ChargeKey:
    """Give what a charge is known by."""
    return charge.order_id, charge.attempt


def _done(instruction: Instruction) -> Done:
    reference = f"at-processor-{instruction.key}"
    return Done(reference=reference, network_reference="net-1", expires_at=EXPIRES)
