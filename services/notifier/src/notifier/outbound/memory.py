"""The notifier's repositories in memory: the same contract as PostgreSQL, held by one shared suite."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from chassis.memory import MemoryInbox, MemoryOutbox, MemoryTable, MemoryTransactions, Restorable
from kernel.ids import Network
from kernel.records import changed
from notifier.domain.delivery import NOT_TRIED, Channel, Delivery, DeliveryId, DeliveryState, Urgency
from notifier.domain.events import DeliveryFact
from notifier.domain.planning import RefusalKey
from notifier.domain.quota import Quota
from notifier.outbound.messages import message_of
from notifier.usecases.ports import DeliveryFilter, Leased, PageCursor

_NEVER = datetime.min.replace(tzinfo=UTC)
_DUE = frozenset({DeliveryState.WAITING, DeliveryState.SENDING})


class MemoryDeliveries:
    """The deliveries in memory."""

    def __init__(
        self, rows: MemoryTable[DeliveryId, Delivery], *, at: datetime, instant: Callable[[], datetime]
    ) -> None:
        self._rows, self._at, self._instant = rows, at, instant

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """Write new ones; one that is there already stays as it is."""
        for each in deliveries:
            self._rows.setdefault(each.delivery_id, each)

    async def lease(self, channels: Sequence[Channel], *, limit: int, lease_time: timedelta) -> Sequence[Leased]:
        """Take the most urgent due ones for sending."""
        due = [row for row in self._rows.values() if self._is_due(row, channels)]
        due.sort(key=lambda each: (each.urgency, each.next_at))
        leased = [self._take(each, lease_time) for each in due[:limit]]
        return sorted(leased, key=lambda each: (each.delivery.urgency, each.delivery.created_at))

    async def begin(self, leased: Sequence[Leased], *, lease_time: timedelta) -> Sequence[Leased]:
        """Note that these posts are tried from now on; only those come back that nobody else took."""
        ours = [each for each in leased if self._still_leased(each.delivery) and self._is_last_taken(each.delivery)]
        begun = [replace(each, delivery=self._begun(each.delivery, lease_time)) for each in ours]
        self._rows.update({each.delivery.delivery_id: each.delivery for each in begun})
        return begun

    async def keep(self, leased: Sequence[Leased], *, lease_time: timedelta) -> None:
        """Let the leases of those that are still leased as they were run from now on, and none end sooner."""
        held = [self._rows[each.delivery.delivery_id] for each in leased if self._still_leased(each.delivery)]
        end = self._at + lease_time
        self._rows.update({row.delivery_id: changed(row, next_at=max(row.next_at, end)) for row in held})

    async def count_sending(self, channels: Sequence[Channel]) -> int:
        """Count those that are leased."""
        return sum(row.state is DeliveryState.SENDING and row.channel in channels for row in self._rows.values())

    async def undelivered(self, since: Mapping[Urgency, datetime]) -> Mapping[Urgency, int]:
        """Count those made before the given moments and neither sent nor given up."""
        waiting = (row for row in self._rows.values() if row.state in {DeliveryState.WAITING, DeliveryState.SENDING})
        return Counter(row.urgency for row in waiting if row.created_at < since[row.urgency])

    async def save(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Write the outcomes of leased ones; only those still leased as they were come back."""
        won = [each for each in deliveries if self._still_leased(each)]
        self._rows.update({each.delivery_id: each for each in won})
        return won

    async def page(self, where: DeliveryFilter, *, after: PageCursor | None, limit: int) -> Sequence[Delivery]:
        """Load one page, newest first."""
        newest = sorted(self._rows.values(), key=lambda each: (each.created_at, each.delivery_id), reverse=True)
        return [each for each in newest if _matches(each, where) and _behind(each, after)][:limit]

    def _is_due(self, row: Delivery, channels: Sequence[Channel]) -> bool:
        return row.state in _DUE and row.next_at <= self._at and row.channel in channels

    def _take(self, row: Delivery, lease_time: timedelta) -> Leased:
        unknown_since = row.tried_at if row.is_in_doubt else None
        taken = changed(
            row,
            state=DeliveryState.SENDING,
            attempts=row.attempts + 1,
            next_at=self._at + lease_time,
            tried_at=unknown_since or self._instant(),
            failure=row.failure if row.is_in_doubt or row.channel is Channel.MAIL else NOT_TRIED,
        )
        self._rows[row.delivery_id] = taken
        return Leased(delivery=taken, unknown_since=unknown_since)

    def _begun(self, each: Delivery, lease_time: timedelta) -> Delivery:
        return changed(each, failure="", next_at=self._at + lease_time)

    def _is_last_taken(self, each: Delivery) -> bool:
        row = self._rows[each.delivery_id]
        return row.attempts == each.attempts and row.failure != ""

    def _still_leased(self, each: Delivery) -> bool:
        row = self._rows[each.delivery_id]
        return row.state is DeliveryState.SENDING and row.tried_at == each.tried_at


class MemoryRefusals:
    """The answered refusals in memory."""

    def __init__(self, rows: MemoryTable[RefusalKey, None], *, deliveries: MemoryTable[DeliveryId, Delivery]) -> None:
        self._rows, self._deliveries = rows, deliveries

    async def first_today(self, keys: Sequence[RefusalKey]) -> set[RefusalKey]:
        """Note refusals; only those not noted before come back."""
        new = set(keys) - self._rows.keys()
        self._rows.update(dict.fromkeys(new))
        return new

    async def spent_since(self, at: datetime) -> int:
        """Count the refusals replied to since then."""
        return sum(
            each.channel is Channel.REPLY and each.urgency is Urgency.REFUSAL and each.sent_at > at
            for each in self._deliveries.values()
            if each.state is DeliveryState.SENT and each.sent_at is not None
        )


class MemoryQuotas:
    """What the networks left of our quota, in memory."""

    def __init__(self, rows: MemoryTable[Network, Quota]) -> None:
        self._rows = rows

    async def read(self, network: Network) -> Quota | None:
        """Read what is known; None before the first answer."""
        return self._rows.get(network)

    async def write(self, network: Network, quota: Quota) -> None:
        """Keep the newest answer."""
        self._rows[network] = quota


class MemoryNamedInbox:
    """The inboxes of every consumer, in memory."""

    def __init__(self, inbox: MemoryInbox) -> None:
        self._inbox = inbox

    async def add(self, message_ids: Sequence[str], *, consumer: str) -> set[str]:
        """Note messages; only those not noted before come back."""
        new = await self._inbox.add(f"{each}@{consumer}" for each in message_ids)
        return {each.removesuffix(f"@{consumer}") for each in new}


class MemoryFacts:
    """What was told, in memory."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox

    async def add(self, facts: Sequence[DeliveryFact]) -> None:
        """Write facts to be told."""
        await self._outbox.add([message_of(fact) for fact in facts])


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUnit:
    """One transaction's repositories."""

    deliveries: MemoryDeliveries
    refusals: MemoryRefusals
    quotas: MemoryQuotas
    inbox: MemoryNamedInbox
    outbox: MemoryFacts
    at: datetime


@dataclass(slots=True, kw_only=True)
class MemoryStore:
    """All of the notifier's rows, and the clock its transactions read."""

    at: datetime
    deliveries: MemoryTable[DeliveryId, Delivery] = field(default_factory=MemoryTable)
    refusals: MemoryTable[RefusalKey, None] = field(default_factory=MemoryTable)
    quotas: MemoryTable[Network, Quota] = field(default_factory=MemoryTable)
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    leased_at: datetime = _NEVER

    def instant(self) -> datetime:
        """Give a moment of a lease's own: PostgreSQL's clock moves on between two statements, a test's may not."""
        self.leased_at = max(self.at, self.leased_at + timedelta(microseconds=1))
        return self.leased_at

    def transactions(self) -> MemoryTransactions[MemoryUnit]:
        """Open transactions over these rows."""
        parts: list[Restorable] = [self.deliveries, self.refusals, self.quotas, self.inbox, self.outbox]
        return MemoryTransactions(self._unit, parts=parts)

    def _unit(self) -> MemoryUnit:
        return MemoryUnit(
            deliveries=MemoryDeliveries(self.deliveries, at=self.at, instant=self.instant),
            refusals=MemoryRefusals(self.refusals, deliveries=self.deliveries),
            quotas=MemoryQuotas(self.quotas),
            inbox=MemoryNamedInbox(self.inbox),
            outbox=MemoryFacts(self.outbox),
            at=self.at,
        )


def _matches(each: Delivery, where: DeliveryFilter) -> bool:
    return where.order_id in {None, each.order_id} and (not where.states or each.state in where.states)


def _behind(each: Delivery, after: PageCursor | None) -> bool:
    return after is None or (each.created_at, each.delivery_id) < (after.created_at, after.delivery_id)


async def at_once(step: Callable[[], Awaitable[None]]) -> None:
    """Do a step: memory is never away."""
    await step()
