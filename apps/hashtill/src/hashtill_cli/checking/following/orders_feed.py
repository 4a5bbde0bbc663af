"""The orders feed: whatever changed an order in any book, the whole case is read and every rule asked about it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hashtill_cli.checking import endings, ledgers
from hashtill_cli.checking.findings import Findings, Invariant
from hashtill_cli.checking.following.feed import SETTLE, SOON, Recent
from hashtill_cli.checking.following.movements import Movements
from hashtill_cli.checking.looking import judge
from hashtill_cli.checking.reading.cases import FIRST_ID, cases_of
from hashtill_cli.checking.rows import Case
from hashtill_cli.checking.sources import Sources

CHANGES_MAX = 2_000
"""Changes one look reads, and cases it judges: about half a second."""

AGES_EVERY = timedelta(seconds=30)

BROKEN_KEPT_MAX = 10_000
BACKOFF_MAX = 9
"""What is broken is judged again after 2, 4, 8 … at most 512 seconds."""

_CHANGED = """
SELECT order_id, updated_at, state FROM orders
WHERE updated_at >= $1 AND (updated_at, order_id) > ($1, $2) AND updated_at <= $3 ORDER BY updated_at, order_id LIMIT $4
"""
_ENTERED = "SELECT sequence, order_id FROM transfer WHERE sequence > $1 AND entered_at <= $2 ORDER BY sequence LIMIT $3"
_LAST_ENTERED = "SELECT COALESCE(max(sequence), 0) AS last FROM transfer"
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

    def __init__(self, *, since: datetime) -> None:
        self.behind = timedelta(0)
        self._changed_until: tuple[datetime, UUID] = (since, FIRST_ID)
        self._entered_until: int | None = None
        self._ages_due_at = since
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
        settled, books = at - SETTLE, sources.books
        rows = await books["orders"].records(_CHANGED, *self._changed_until, settled, CHANGES_MAX)
        if self._entered_until is None:
            self._entered_until = (await books["payments"].records(_LAST_ENTERED))[0]["last"]
        entered = await books["payments"].records(_ENTERED, self._entered_until, settled, CHANGES_MAX)
        for row in (*rows, *entered):
            self._due[row["order_id"]] = at
        if at >= self._ages_due_at:
            await self._note_aged(sources, at=at)
        if rows:
            self._changed_until = (rows[-1]["updated_at"], rows[-1]["order_id"])
        if entered:
            self._entered_until = entered[-1]["sequence"]
        return settled - self._changed_until[0] if len(rows) == CHANGES_MAX else timedelta(0)

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
