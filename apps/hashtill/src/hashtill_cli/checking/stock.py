"""I3: every unit is somewhere: available, held by an open hold, or committed by one."""

from collections.abc import Iterable, Iterator

from hashtill_cli.checking.findings import Breach, Invariant
from hashtill_cli.checking.rows import StockRow


def breaches(rows: Iterable[StockRow]) -> Iterator[Breach]:
    """Find offers whose numbers do not add up, or do not count their holds."""
    for row in rows:
        for what in _wrong(row):
            yield Breach(invariant=Invariant.STOCK, what=what, ids=(row.offer_id,))


def _wrong(row: StockRow) -> Iterator[str]:
    if row.available + row.held + row.committed != row.total or row.available < 0:
        yield f"{row.available} available + {row.held} held + {row.committed} committed is not {row.total}."
    if row.held != row.holds_held:
        yield f"{row.held} held, {row.holds_held} open holds."
    if row.committed != row.holds_committed:
        yield f"{row.committed} committed, {row.holds_committed} committed holds."
