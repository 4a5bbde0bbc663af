"""Stories: the explained history of the orders that breaches name, as orders keeps it; no service need be up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hashtill_cli.checking.findings import Breach
from hashtill_cli.checking.reading.databases import Book

STORIES_MAX = 10
"""Nobody reads more at once; `hashtill orders explain` tells the others."""

_STEPS = """
SELECT {columns} FROM order_log WHERE order_id = ANY($1) ORDER BY order_id, version
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryStep:
    """One step of an order: what caused it, where it led, and what happened in words."""

    order_id: UUID
    at: datetime
    cause: str
    to_state: str
    detail: str
    trace_id: str

    def __str__(self) -> str:
        """Write it as a line."""
        return f"{self.at:%H:%M:%S.%f} {self.cause}: {self.to_state}. {self.detail}"


Stories = Mapping[str, Sequence[StoryStep]]
"""By order id."""


async def stories_of(breaches: Iterable[Breach], *, orders: Book) -> Stories:
    """Read the stories of the first orders that are named; who never was an order has none."""
    wanted = list(dict.fromkeys(breach.order_id for breach in breaches if breach.order_id))[:STORIES_MAX]
    found: dict[str, list[StoryStep]] = {}
    for step in await orders.rows(StoryStep, _STEPS, [UUID(each) for each in wanted]) if wanted else ():
        found.setdefault(str(step.order_id), []).append(step)
    return found
