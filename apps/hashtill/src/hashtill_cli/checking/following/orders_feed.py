"""The orders feed: whatever changed an order in any book, the whole case is read and every rule asked about it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hashtill_cli.checking import endings, ledgers
from hashtill_cli.checking.findings import Findings, Invariant
from hashtill_cli.checking.following.feed import SETTLE, SOON, Recent
from hashtill_cli.checking.following.movements import Movements, order_id_in
from hashtill_cli.checking.looking import judge
from hashtill_cli.checking.reading.cases import cases_of
from hashtill_cli.checking.rows import Case
from hashtill_cli.checking.sources import Sources

CHANGES_MAX = 2_000
"""Changes one look reads, and cases it judges: about half a second."""

AGES_EVERY = timedelta(seconds=30)

BROKEN_KEPT_MAX = 10_000
BACKOFF_MAX = 9
"""What is broken is judged again after 2, 4, 8 … at most 512 seconds."""

_TOLD = """
SELECT id AS place, aggregate AS order_id, created_at AS at FROM outbox
WHERE id > $1 AND created_at <= $2 ORDER BY id LIMIT $3
"""
_LAST_TOLD = "SELECT COALESCE(max(id), 0) AS last FROM outbox"
_ENTERED = """
SELECT sequence AS place, order_id, entered_at AS at FROM transfer
WHERE sequence > $1 AND entered_at <= $2 ORDER BY sequence LIMIT $3
"""
_LAST_ENTERED = "SELECT COALESCE(max(sequence), 0) AS last FROM transfer"

CHANGES = {
    "orders": (_TOLD, _LAST_TOLD),
    "notifier": (_TOLD, _LAST_TOLD),
    "payments": (_ENTERED, _LAST_ENTERED),
}
"""Where it is written, in an order, that something became of an order: what was told of it, and what moved for it.
What changes between two of these is under way; that it goes on is seen by its age."""

_SITTING = """
SELECT order_id FROM orders WHERE next_step_at IS NOT NULL AND updated_at <= $1::timestamptz - interval '5 minutes'
UNION ALL SELECT order_id FROM orders
WHERE state IN ('HOLDING', 'PROMPTING', 'AUTHORIZED', 'READY_TO_SHIP', 'SHIPPING')
    AND deadline_at <= $1::timestamptz - interval '1 minute'
UNION ALL SELECT order_id FROM orders
WHERE state = 'AWAITING_CONFIRMATION' AND deadline_at <= $1::timestamptz - interval '1 minute' LIMIT $2
"""
"""Who may be too old, by the indexes of those under way; the rule decides."""
_UNLAPSED = (
    "SELECT order_id FROM hold WHERE state = 'HELD' AND lapse_at <= $1::timestamptz - interval '5 minutes' LIMIT $2"
)


class OrdersFeed:
    """I1, I2, I4, I5, I7 and the orders' part of I6 and I9, case by case."""

    name = "orders"
    invariants = frozenset(
        {
            Invariant.AMOUNT, Invariant.CONFIRMED, Invariant.LEDGER, Invariant.GIVEN_BACK, Invariant.AGE,
            Invariant.ONE_EFFECT, Invariant.ONE_ANSWER,
        }
    )  # fmt: skip
    every_seconds = 2.0
    again_after = SOON

    def __init__(self) -> None:
        self.behind = timedelta(0)
        self._read_until: dict[str, int] = {}
        self._ages_due_at: datetime | None = None
        self._due: dict[UUID, datetime] = {}
        self._broken = Recent[UUID, int](BROKEN_KEPT_MAX)
        self._movements = Movements()

    async def look(self, sources: Sources, *, at: datetime) -> Findings:
        """Judge the cases that are due; what is broken, under way or has just ended is looked at again."""
        moved = await self._movements.read_on(sources, at=at)
        for order_id in moved or ():
            self._due.setdefault(order_id, at + SETTLE)
        behind = await self._note_changes(sources, at=at)
        due = [each for each, when in self._due.items() if when <= at][:CHANGES_MAX]
        findings = Findings()
        cases = await cases_of(sources.books, due, self._movements.by_order, since=self._movements.since(sources))
        self.behind = max([behind, *(at - self._due.pop(order_id) for order_id in due)])
        for case in map(self._movements.judged, cases):
            judge(case, findings, at=at, grace=endings.GRACE, processor_read=moved is not None)
            self._look_again(case, at=at)
        self._judge_foreign(due, cases, findings)
        self._look_at_broken(findings, at=at)
        return findings

    async def _note_changes(self, sources: Sources, *, at: datetime) -> timedelta:
        """Mark what changed as due; gives how far behind the reading is."""
        behind = [await self._read_on(sources, service, at=at) for service in CHANGES]
        if self._ages_due_at is None or at >= self._ages_due_at:
            await self._note_aged(sources, at=at)
        return max(behind)

    async def _read_on(self, sources: Sources, service: str, *, at: datetime) -> timedelta:
        (statement, last), book = CHANGES[service], sources.books[service]
        if service not in self._read_until:
            self._read_until[service] = (await book.records(last))[0]["last"]
        rows = await book.records(statement, self._read_until[service], at - SETTLE, CHANGES_MAX)
        for row in rows:
            if (order_id := order_id_in(str(row["order_id"]))) is not None:
                self._due[order_id] = at
            self._read_until[service] = row["place"]
        return at - SETTLE - rows[-1]["at"] if len(rows) == CHANGES_MAX else timedelta(0)

    async def _note_aged(self, sources: Sources, *, at: datetime) -> None:
        """Mark who may sit for too long."""
        sitting = await sources.books["orders"].records(_SITTING, at, CHANGES_MAX)
        unlapsed = await sources.books["offers"].records(_UNLAPSED, at, CHANGES_MAX)
        for row in (*sitting, *unlapsed):
            self._due.setdefault(row["order_id"], at)
        self._ages_due_at = at + AGES_EVERY

    def _look_again(self, case: Case, *, at: datetime) -> None:
        order = case.order
        if case.under_way:
            self._due.setdefault(case.order_id, at + SETTLE)
        elif order is not None and order.state in endings.ENDED:
            fully_ended = order.entered_at + endings.GRACE + SETTLE
            if fully_ended > at:
                self._due.setdefault(case.order_id, fully_ended)

    def _judge_foreign(self, due: Sequence[UUID], cases: Sequence[Case], findings: Findings) -> None:
        """Name what moved at the processor for nobody."""
        unknown = {str(order_id) for order_id in due} - {str(case.order_id) for case in cases}
        by_order = self._movements.by_order
        findings.add(ledgers.foreign({each: by_order[each] for each in unknown if each in by_order}))
        findings.add(ledgers.foreign(self._movements.nameless.kept))

    def _look_at_broken(self, findings: Findings, *, at: datetime) -> None:
        """Look at what is broken again soon, then ever more seldom: it is told once."""
        broken = {UUID(breach.order_id) for breach in findings.breaches if breach.order_id}
        for order_id in broken:
            looks = (self._broken.get(order_id) or 0) + 1
            self._broken[order_id] = looks
            self._due[order_id] = at + timedelta(seconds=2 ** min(looks, BACKOFF_MAX))
