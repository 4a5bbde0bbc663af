"""Payments' repositories in memory: the same contract as PostgreSQL, held by one shared suite."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chassis.memory import MemoryOutbox, MemoryRequests, MemoryTable, MemoryTransactions, Restorable
from kernel.ids import CardToken, ChargeId, OrderId
from payments.domain.card import ChargeableCard, KnownCard, PostalAddress, VaultCard
from payments.domain.card_session import CardSession
from payments.domain.charge import FAILED, Charge, ChargeState
from payments.domain.events import Fact
from payments.domain.ledger import EnteredTransfer, Transfer
from payments.domain.operation import Operation, OperationKind, OperationState
from payments.outbound.messages import message_of

_ENDED = frozenset({OperationState.OK, OperationState.FAILED})


class MemoryCards:
    """The vault in memory."""

    def __init__(self, rows: MemoryTable[CardToken, VaultCard]) -> None:
        self._rows = rows

    async def add(self, card: VaultCard) -> None:
        """Put a card in."""
        self._rows[card.known.card_token] = card

    async def known(self, tokens: Collection[CardToken]) -> Mapping[CardToken, KnownCard]:
        """Load what may be known of cards."""
        return {token: self._rows[token].known for token in tokens if token in self._rows}

    async def chargeable(self, tokens: Collection[CardToken]) -> Mapping[CardToken, ChargeableCard]:
        """Load what charges need."""
        cards = {token: self._rows[token] for token in tokens if token in self._rows}
        return {
            token: ChargeableCard(processor_token=card.processor_token, last4=card.known.facts.last4)
            for token, card in cards.items()
        }

    async def addresses(self, tokens: Collection[CardToken]) -> Mapping[CardToken, PostalAddress]:
        """Load billing addresses."""
        return {token: self._rows[token].billing.reveal() for token in tokens if token in self._rows}


class MemoryCardSessions:
    """The card sessions in memory."""

    def __init__(self, rows: MemoryTable[str, CardSession]) -> None:
        self._rows = rows

    async def add(self, session: CardSession) -> None:
        """Write a new one."""
        self._rows[session.card_session_id] = session

    async def by_id(self, card_session_id: str) -> CardSession | None:
        """Load one."""
        return self._rows.get(card_session_id)

    async def locked(self, card_session_id: str) -> CardSession | None:
        """Load one to change it; one unit at a time runs here."""
        return self._rows.get(card_session_id)

    async def save(self, session: CardSession) -> None:
        """Write how often it was tried and which card was entered."""
        self._rows[session.card_session_id] = session

    async def forget(self, *, ended_before: datetime) -> int:
        """Delete sessions that ended long ago; gives how many."""
        old = [session_id for session_id, session in self._rows.items() if session.expires_at < ended_before]
        for session_id in old:
            del self._rows[session_id]
        return len(old)


class MemoryCharges:
    """The charges in memory."""

    def __init__(self, rows: MemoryTable[ChargeId, Charge]) -> None:
        self._rows = rows

    async def by_ids(self, charge_ids: Collection[ChargeId]) -> Mapping[ChargeId, Charge]:
        """Load charges; unknown ids are left out."""
        return {charge_id: self._rows[charge_id] for charge_id in charge_ids if charge_id in self._rows}

    async def locked(self, charge_ids: Collection[ChargeId]) -> Mapping[ChargeId, Charge]:
        """Load charges to change them; one unit at a time runs here."""
        return await self.by_ids(sorted(charge_ids))

    async def expired(self, *, at: datetime, limit: int) -> Sequence[Charge]:
        """Load AUTHORIZED charges whose time is over."""
        authorized = (charge for charge in self._rows.values() if charge.state is ChargeState.AUTHORIZED)
        return [charge for charge in authorized if charge.expires_at is not None and charge.expires_at <= at][:limit]

    async def add(self, charges: Sequence[Charge]) -> set[ChargeId]:
        """Write new charges; one live charge an order at most."""
        live = {charge.order_id for charge in self._rows.values() if charge.state not in FAILED}
        new = [charge for charge in charges if charge.charge_id not in self._rows and charge.order_id not in live]
        self._rows.update({charge.charge_id: charge for charge in new})
        return {charge.charge_id for charge in new}

    async def save(self, charges: Sequence[Charge]) -> None:
        """Write the newer version of locked charges."""
        self._rows.update({charge.charge_id: charge for charge in charges})


class MemoryOperations:
    """The operations in memory."""

    def __init__(self, rows: MemoryTable[str, Operation], *, charges: MemoryTable[ChargeId, Charge]) -> None:
        self._rows, self._charges = rows, charges

    async def by_key(self, key: str) -> Operation | None:
        """Load one by its idempotency key."""
        return self._rows.get(key)

    async def open(self, keys: Collection[str]) -> Mapping[str, Operation]:
        """Load those of these keys whose outcome is not known."""
        return {key: self._rows[key] for key in keys if self._rows[key].state not in _ENDED}

    async def due(self, *, at: datetime, limit: int) -> Sequence[Operation]:
        """Load operations to be sent or asked for, oldest first."""
        due = [(each.due_at, each.key) for each in self._rows.values() if each.due_at is not None and each.due_at <= at]
        return [self._rows[key] for _, key in sorted(due)[:limit]]

    async def unsettled(self) -> set[OrderId]:
        """Give the orders with an operation whose outcome is not known."""
        return {self._charges[each.charge_id].order_id for each in self._rows.values() if each.state not in _ENDED}

    async def unsettled_since(self, at: datetime) -> Mapping[OperationKind, int]:
        """Count those begun before and without a known outcome."""
        return Counter(each.kind for each in self._rows.values() if each.state not in _ENDED and each.begun_at < at)

    async def add(self, operations: Sequence[Operation]) -> None:
        """Write new operations."""
        self._rows.update({each.key: each for each in operations})

    async def save(self, operations: Sequence[Operation]) -> None:
        """Write how far operations are."""
        self._rows.update({each.key: each for each in operations})


class MemoryLedger:
    """The ledger in memory."""

    def __init__(self, rows: MemoryTable[int, Transfer]) -> None:
        self._rows = rows

    async def add(self, transfers: Sequence[Transfer]) -> None:
        """Enter transfers."""
        for transfer in transfers:
            self._rows[len(self._rows) + 1] = transfer

    async def page(self, *, order_id: OrderId | None, after: int, limit: int) -> Sequence[EnteredTransfer]:
        """Load transfers behind a place, oldest first."""
        behind = [(sequence, each) for sequence, each in self._rows.items() if sequence > after]
        wanted = [pair for pair in behind if order_id in {None, pair[1].order_id}]
        return [EnteredTransfer(sequence=sequence, transfer=each) for sequence, each in wanted[:limit]]


class MemoryFacts:
    """What was told, in memory."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox

    async def add(self, facts: Sequence[Fact]) -> None:
        """Write facts to be told."""
        await self._outbox.add([message_of(fact) for fact in facts])


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUnit:
    """One transaction's repositories."""

    cards: MemoryCards
    sessions: MemoryCardSessions
    charges: MemoryCharges
    operations: MemoryOperations
    ledger: MemoryLedger
    outbox: MemoryFacts
    requests: MemoryRequests
    at: datetime


@dataclass(slots=True, kw_only=True)
class MemoryStore:
    """All of payments' rows, and the clock its transactions read."""

    at: datetime
    cards: MemoryTable[CardToken, VaultCard] = field(default_factory=MemoryTable)
    sessions: MemoryTable[str, CardSession] = field(default_factory=MemoryTable)
    charges: MemoryTable[ChargeId, Charge] = field(default_factory=MemoryTable)
    operations: MemoryTable[str, Operation] = field(default_factory=MemoryTable)
    ledger: MemoryTable[int, Transfer] = field(default_factory=MemoryTable)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    requests: MemoryRequests = field(default_factory=MemoryRequests)

    def transactions(self) -> MemoryTransactions[MemoryUnit]:
        """Open transactions over these rows."""
        parts: list[Restorable] = [self.cards, self.sessions, self.charges, self.operations, self.ledger]
        parts += [self.outbox, self.requests]
        return MemoryTransactions(self._unit, parts=parts)

    def _unit(self) -> MemoryUnit:
        return MemoryUnit(
            cards=MemoryCards(self.cards),
            sessions=MemoryCardSessions(self.sessions),
            charges=MemoryCharges(self.charges),
            operations=MemoryOperations(self.operations, charges=self.charges),
            ledger=MemoryLedger(self.ledger),
            outbox=MemoryFacts(self.outbox),
            requests=self.requests,
            at=self.at,
        )
