"""Ports: what payments' use cases need of the world, as Protocols; memory and PostgreSQL keep one shared suite."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from kernel.ids import CardToken, ChargeId, OrderId
from kernel.refusals import Refusal
from payments.domain.card import ChargeableCard, KnownCard, PostalAddress, TokenizedCard, VaultCard
from payments.domain.card_entry import CardEntry
from payments.domain.card_session import CardSession
from payments.domain.charge import Charge
from payments.domain.events import Fact
from payments.domain.instruction import Instruction
from payments.domain.ledger import EnteredTransfer, Transfer
from payments.domain.operation import Operation, OperationKind
from payments.domain.outcome import Outcome
from payments.domain.reconciling import Movement


class Cards(Protocol):
    """The vault: each reader gets no more than it needs."""

    async def add(self, card: VaultCard) -> None:
        """Put a card in; what is personal is sealed on the way."""

    async def known(self, tokens: Collection[CardToken]) -> Mapping[CardToken, KnownCard]:
        """Load what may be known of cards; unknown tokens are left out."""

    async def chargeable(self, tokens: Collection[CardToken]) -> Mapping[CardToken, ChargeableCard]:
        """Load what charges need; unknown tokens are left out."""

    async def addresses(self, tokens: Collection[CardToken]) -> Mapping[CardToken, PostalAddress]:
        """Load billing addresses; unknown tokens are left out."""


class CardSessions(Protocol):
    """The card sessions."""

    async def add(self, session: CardSession) -> None:
        """Write a new one."""

    async def by_id(self, card_session_id: str) -> CardSession | None:
        """Load one."""

    async def locked(self, card_session_id: str) -> CardSession | None:
        """Load one to change it, locked until the transaction ends."""

    async def save(self, session: CardSession) -> None:
        """Write how often it was tried and which card was entered."""

    async def forget(self, *, ended_before: datetime) -> int:
        """Delete sessions that ended long ago; gives how many."""


class Charges(Protocol):
    """The charges, loaded and saved many at a time."""

    async def by_ids(self, charge_ids: Collection[ChargeId]) -> Mapping[ChargeId, Charge]:
        """Load charges; unknown ids are left out."""

    async def locked(self, charge_ids: Collection[ChargeId]) -> Mapping[ChargeId, Charge]:
        """Load charges to change them, locked in the order of their ids until the transaction ends."""

    async def expired(self, *, at: datetime, limit: int) -> Sequence[Charge]:
        """Load and lock AUTHORIZED charges whose time is over, passing by those locked elsewhere."""

    async def add(self, charges: Sequence[Charge]) -> set[ChargeId]:
        """Write new charges; gives the ids of those written: another transaction may have been first."""

    async def save(self, charges: Sequence[Charge]) -> None:
        """Write the newer version of locked charges."""


class Operations(Protocol):
    """The operations at the processor."""

    async def by_key(self, key: str) -> Operation | None:
        """Load one by its idempotency key."""

    async def open(self, keys: Collection[str]) -> Mapping[str, Operation]:
        """Load those of these keys whose outcome is not known; call it when their charges are locked."""

    async def due(self, *, at: datetime, limit: int) -> Sequence[Operation]:
        """Load and lock operations to be sent or asked for, oldest first, passing by those locked elsewhere."""

    async def unsettled(self) -> set[OrderId]:
        """Give the orders with an operation whose outcome is not known, given up ones too."""

    async def unsettled_since(self, at: datetime) -> Mapping[OperationKind, int]:
        """Count those begun before and without a known outcome, given up ones too."""

    async def add(self, operations: Sequence[Operation]) -> None:
        """Write new operations."""

    async def save(self, operations: Sequence[Operation]) -> None:
        """Write how far operations are."""


class Ledger(Protocol):
    """The ledger; it only grows."""

    async def add(self, transfers: Sequence[Transfer]) -> None:
        """Enter transfers."""

    async def page(self, *, order_id: OrderId | None, after: int, limit: int) -> Sequence[EnteredTransfer]:
        """Load transfers behind a place, oldest first."""


class Outbox(Protocol):
    """What leaves the service, written with its cause."""

    async def add(self, facts: Sequence[Fact]) -> None:
        """Write facts to be told."""


class Unit(Protocol):
    """One transaction's view of payments' tables."""

    @property
    def cards(self) -> Cards:
        """The vault."""

    @property
    def sessions(self) -> CardSessions:
        """The card sessions."""

    @property
    def charges(self) -> Charges:
        """The charges."""

    @property
    def operations(self) -> Operations:
        """The operations."""

    @property
    def ledger(self) -> Ledger:
        """The ledger."""

    @property
    def outbox(self) -> Outbox:
        """What is told."""

    @property
    def at(self) -> datetime:
        """The database's clock when the transaction began."""


class Transactions(Protocol):
    """Opens transactions; commits at the end of the block, rolls back when it raises."""

    def begin(self) -> AbstractAsyncContextManager[Unit]:
        """Begin one."""


class Processor(Protocol):
    """Who moves the money: one adapter a processor. Trouble on the way is an Unknown, never raised, never a no."""

    async def tokenize(self, entry: CardEntry, *, key: str) -> TokenizedCard | Refusal:
        """Exchange a card for the processor's token; a refusal's fact `field` names the field to correct."""

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Carry out at most 200, of any kinds, each under its key: one outcome each, in order, within 1.5 s."""

    async def ask(self, keys: Sequence[str]) -> Sequence[Outcome | None]:
        """Tell what became of at most 200 keys: one each, in order; None when nothing was done under a key."""


class ProcessorLedger(Protocol):
    """The processor's own account of what it moved."""

    async def movements(self) -> Sequence[Movement]:
        """Read all of it; raises when the processor is away."""


class Fingerprints(Protocol):
    """Tells equal card numbers apart from different ones without keeping any."""

    def of(self, number: str) -> bytes:
        """Give the keyed hash of a card number."""
