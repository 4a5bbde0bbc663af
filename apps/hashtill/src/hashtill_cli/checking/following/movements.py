"""The processor's movements by order, read on from the last one; what began before our memory is called forgotten."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from hashtill_cli.checking.following.feed import Recent
from hashtill_cli.checking.reading.outside import LedgerTruncatedError
from hashtill_cli.checking.rows import Case, MovementRow
from hashtill_cli.checking.sources import Sources

ORDERS_KEPT_MAX = 50_000
"""Orders whose movements are remembered, about 30 MB."""

NAMELESS_MAX = 1_000


def order_id_in(text: str) -> UUID | None:
    """Read an order's id; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


class Movements:
    """The newest orders' movements; a processor that starts anew is read anew."""

    def __init__(self) -> None:
        self._by_order = Recent[str, list[MovementRow]](ORDERS_KEPT_MAX)
        self._last: MovementRow | None = None
        self._restarted_at: datetime | None = None
        self.nameless = Recent[str, list[MovementRow]](NAMELESS_MAX)
        """Those whose reference is no order's id."""

    @property
    def by_order(self) -> Mapping[str, list[MovementRow]]:
        """Give what is known, by order id."""
        return self._by_order.kept

    async def read_on(self, sources: Sources, *, at: datetime) -> set[UUID] | None:
        """Read what is new; gives the orders that moved, or None when the ledger is not to be read."""
        url, key = sources.places.processor_url, sources.places.processor_key
        if not url:
            return None
        moved: set[UUID] = set()
        known = self._last
        try:
            async for rows in sources.outside.movements(url, key=key, after=known.sequence - 1 if known else 0):
                if known is not None and rows[:1] != [known]:
                    self._begin_anew(at)
                    break
                moved |= {order_id for row in rows if row != known and (order_id := self._keep(row)) is not None}
                known = None
        except LedgerTruncatedError:
            return None
        return moved

    def since(self, sources: Sources) -> datetime | None:
        """Say when the ledger that is read began, as far as known."""
        return max(filter(None, (sources.places.processor_since, self._restarted_at)), default=None)

    def judged(self, case: Case) -> Case:
        """Give the case as far as it can be judged: forgotten when movements of it have left our memory."""
        rows = self._by_order.get(str(case.order_id))
        cut = rows[0].kind != "authorization" if rows else self._by_order.left > 0
        return replace(case, forgotten=True) if cut else case

    def _keep(self, row: MovementRow) -> UUID | None:
        self._last = row
        order_id = order_id_in(row.reference)
        if order_id is None:
            self.nameless[row.reference] = [*(self.nameless.get(row.reference) or ()), row]
            return None
        self._by_order[row.reference] = [*(self._by_order.get(row.reference) or ()), row]
        return order_id

    def _begin_anew(self, at: datetime) -> None:
        self._last, self._restarted_at = None, at
        self._by_order.clear()
        self.nameless.clear()
