"""Accounts: what became of every purchase begun, as orders wrote it down, against what its buyer did."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
from tests.faults.chaos_purchases import Purchase

SOLD = frozenset({"AUTHORIZED", "READY_TO_SHIP", "SHIPPING", "CAPTURING", "COMPLETED"})

ENDED = frozenset({"REFUNDED", "EXPIRED", "CANCELLED", "DECLINED", "REFUSED", "VOIDED"})

LEGITIMATE = frozenset({"POST_TOO_OLD", "TOO_BUSY"})
"""Reasons a buyer is told, and can act on by posting again."""

_ORDERS = "SELECT post_id, state, reason FROM orders WHERE post_id = ANY($1)"

_VERDICTS = "SELECT post_id, verdict, reason FROM post_verdict WHERE post_id = ANY($1) AND verdict = 'REFUSED'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What orders says of a post: its order's state, or `REFUSED` for a post that made none, and the reason."""

    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """How many purchases came to what, and a sentence for each that came to what it must not."""

    ends: Counter[str]
    wrong: Sequence[str]


async def written_of(dsn: str, post_ids: Sequence[str]) -> Mapping[str, Written]:
    """Read what orders wrote down about posts. Raises what PostgreSQL says while it is away."""
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        refused = await connection.fetch(_VERDICTS, post_ids)
        ordered = await connection.fetch(_ORDERS, post_ids)
    finally:
        await connection.close()
    found = {row["post_id"]: Written(state="REFUSED", reason=row["reason"]) for row in refused}
    return found | {row["post_id"]: Written(state=row["state"], reason=row["reason"]) for row in ordered}


def accounts_of(purchases: Iterable[Purchase], written: Mapping[str, Written], *, window_seconds: float) -> Accounts:
    """Judge each."""
    ends, wrong = Counter[str](), []
    for purchase in purchases:
        end = written.get(purchase.post_id)
        ends[f"{end.state} {end.reason}".strip() if end else "nothing"] += 1
        if problem := _problem(purchase, end, in_time=purchase.in_time(window_seconds=window_seconds)):
            wrong.append(f"post {purchase.post_id} ({purchase.manner}): {problem}")
    return Accounts(ends=ends, wrong=wrong)


def _problem(purchase: Purchase, end: Written | None, *, in_time: bool) -> str:
    if end is None:
        return "orders never heard of it." if purchase.post_id else "X never took the post."
    if purchase.prompts > 1 or purchase.receipts > 1:
        return f"{purchase.prompts} prompts, {purchase.receipts} receipts."
    if end.state in SOLD:
        return _problem_of_sold(purchase, in_time=in_time)
    if end.state == "EXPIRED":
        return "confirmed in time, and expired." if in_time else ""
    return "" if end.state == "REFUSED" and end.reason in LEGITIMATE else f"{end.state} {end.reason}"


def _problem_of_sold(purchase: Purchase, *, in_time: bool) -> str:
    if not in_time:
        return "sold without a confirmation in time."
    return "" if purchase.receipts == 1 else "sold and no receipt was mailed."
