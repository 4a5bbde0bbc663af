"""I6: nothing sits in a state past its maximum age."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from hashtill_cli.checking.findings import Breach, Invariant
from hashtill_cli.checking.rows import Case, WaitingRow
from offers.usecases.settle_holds import LAPSE_LATE_MAX
from orders.domain.saga import MAX_AGE
from orders.domain.states import State
from payments.domain.operation import KEY_RETRIED_FOR

WAITING_MAX = {
    "operation": KEY_RETRIED_FOR,
    "delivery": timedelta(days=1),
    "outbox row": timedelta(minutes=10),
}
"""An operation is asked for again so long; a delivery waits for quota at most a day; the relay for NATS's return."""


def breaches(case: Case, *, at: datetime) -> Iterator[Breach]:
    """Find an order that stays too long, and a hold that did not lapse."""
    order, order_id = case.order, str(case.order_id)
    if order is not None and (most := MAX_AGE.get(State(order.state))) is not None and at - order.entered_at > most:
        said = f"{order.state} for {_minutes(at - order.entered_at)}, at most {_minutes(most)}."
        yield Breach(invariant=Invariant.AGE, what=said, ids=(order_id,), order_id=order_id)
    for hold in case.holds:
        if hold.state == "HELD" and hold.lapse_at is not None and at - hold.lapse_at > LAPSE_LATE_MAX:
            said = f"A hold should have lapsed {_minutes(at - hold.lapse_at)} ago."
            yield Breach(invariant=Invariant.AGE, what=said, ids=(order_id, hold.offer_id or ""), order_id=order_id)


def overdue(rows: Iterable[WaitingRow], *, at: datetime) -> Iterator[Breach]:
    """Find what waits for a step for too long."""
    for row in rows:
        if at - row.since > WAITING_MAX[row.kind]:
            said = f"An unfinished {row.kind} is {_minutes(at - row.since)} old."
            order_id = str(row.order_id) if row.order_id else None
            ids = (row.id, order_id) if order_id else (row.id,)
            yield Breach(invariant=Invariant.AGE, what=said, ids=ids, order_id=order_id)


def _minutes(age: timedelta) -> str:
    return f"{age / timedelta(minutes=1):.0f} min"
