"""I5: what ended holds nothing any more: no authorization, no unit, and no money where none was due."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from hashtill_cli.checking.charging import LIVE, open_holds, taken_minor
from hashtill_cli.checking.findings import Breach, Invariant
from hashtill_cli.checking.rows import Case, HoldRow, OrderRow

GRACE = timedelta(seconds=60)
"""So long after its end something of an order may still be on its way back."""

NOTHING_SOLD = frozenset({"CANCELLED", "EXPIRED", "DECLINED", "REFUSED", "VOIDED"})
ENDED = NOTHING_SOLD | {"COMPLETED", "REFUNDED"}


def breaches(case: Case, *, at: datetime, grace: timedelta = GRACE) -> Iterator[Breach]:
    """Find what ended orders, and orders that never were, still hold."""
    order = case.order
    if order is None:
        yield from _orphans(case, before=at - grace)
    elif order.state in ENDED and order.entered_at <= at - grace:
        yield from _live_money(case, order)
        yield from _held_stock(case, order)
        if order.state in NOTHING_SOLD:
            yield from _kept_money(case, order)


def _orphans(case: Case, *, before: datetime) -> Iterator[Breach]:
    for hold in case.holds:
        if hold.state in {"HELD", "COMMITTED"} and hold.changed_at <= before:
            yield _breach(case, f"A {hold.state} hold belongs to no order.", *_ids(hold))


def _live_money(case: Case, order: OrderRow) -> Iterator[Breach]:
    for charge in case.charges:
        if charge.state in LIVE:
            yield _breach(case, f"{order.state}, with a charge {charge.state}.", str(charge.charge_id))
    for authorization, minor in open_holds(case.movements).items():
        yield _breach(case, f"{order.state}, and the processor still holds {minor}.", authorization)


def _held_stock(case: Case, order: OrderRow) -> Iterator[Breach]:
    for hold in case.holds:
        if hold.state == "HELD" or (hold.state == "COMMITTED" and order.state in NOTHING_SOLD):
            yield _breach(case, f"{order.state}, with a {hold.state} hold.", *_ids(hold))


def _kept_money(case: Case, order: OrderRow) -> Iterator[Breach]:
    ours = sum(charge.captured_minor - charge.refunded_minor for charge in case.charges)
    taken = max(ours, taken_minor(case.movements))
    if taken > 0:
        yield _breach(case, f"{order.state}, and {taken} were taken and not given back.")


def _ids(hold: HoldRow) -> tuple[str, ...]:
    return (hold.offer_id,) if hold.offer_id else ()


def _breach(case: Case, what: str, *ids: str) -> Breach:
    order_id = str(case.order_id)
    return Breach(invariant=Invariant.GIVEN_BACK, what=what, ids=(order_id, *ids), order_id=order_id)
