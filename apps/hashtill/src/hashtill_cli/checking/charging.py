"""I1: no more is taken than the prompt said, and never two authorizations of an order at once."""

from collections.abc import Iterator, Sequence

from hashtill_cli.checking.findings import Breach, Invariant
from hashtill_cli.checking.rows import Case, ChargeRow, MovementRow, OrderRow
from kernel.money import Money

LIVE = frozenset({"AUTHORIZING", "AUTHORIZED", "CAPTURING", "VOIDING", "LAPSING"})
"""Charges that hold money, or may."""

GIVES_BACK = frozenset({"void", "lapse", "release", "capture"})
"""Movements of the processor that end (part of) a hold."""


def breaches(case: Case) -> Iterator[Breach]:
    """Find what was charged without an order, beyond its total, or twice."""
    if case.order is None:
        yield from (_breach(case, "A charge belongs to no order.", charge.charge_id) for charge in case.charges)
    else:
        yield from _beyond(case, case.order)
        yield from _shown(case, case.order)
    live = [charge for charge in case.charges if charge.state in LIVE]
    if len(live) > 1:
        yield _breach(case, f"{len(live)} charges are live at once.", *(charge.charge_id for charge in live))
    if (most := open_at_once_max(case.movements)) > 1:
        held = dict.fromkeys(row.authorization for row in case.movements if row.kind == "authorization")
        yield _breach(case, f"The processor held {most} authorizations at once.", *held)


def taken_minor(movements: Sequence[MovementRow]) -> int:
    """Add up what the processor took and did not give back."""
    signs = {"capture": 1, "refund": -1}
    return sum(signs.get(row.kind, 0) * row.amount_minor for row in movements)


def open_holds(movements: Sequence[MovementRow]) -> dict[str, int]:
    """Give the processor's open holds: minor units by authorization."""
    held: dict[str, int] = {}
    for row in movements:
        sign = 1 if row.kind == "authorization" else -1 if row.kind in GIVES_BACK else 0
        held[row.authorization] = held.get(row.authorization, 0) + sign * row.amount_minor
    return {authorization: minor for authorization, minor in held.items() if minor > 0}


def open_at_once_max(movements: Sequence[MovementRow]) -> int:
    """Give how many authorizations were open at one time, at most."""
    ordered = sorted(movements, key=lambda row: row.sequence)
    asked = [place for place, row in enumerate(ordered, 1) if row.kind == "authorization"]
    return max((len(open_holds(ordered[:place])) for place in asked), default=0)


def _beyond(case: Case, order: OrderRow) -> Iterator[Breach]:
    total = order.total_minor or 0
    for charge in case.charges:
        if charge.amount_minor > total or charge.currency_code != order.currency_code:
            said = f"{charge.amount_minor} {charge.currency_code}"
            yield _breach(case, f"A charge of {said} for a total of {total} {order.currency_code}.", charge.charge_id)
    ours = sum(charge.captured_minor - charge.refunded_minor for charge in case.charges)
    for who, taken in (("We", ours), ("The processor", taken_minor(case.movements))):
        if taken > total:
            yield _breach(case, f"{who} took {taken} of {total}.", *_ids(case.charges))


def _shown(case: Case, order: OrderRow) -> Iterator[Breach]:
    if not case.charges or order.total_minor is None or order.currency_code is None:
        return
    total = str(Money(amount_minor=order.total_minor, currency_code=order.currency_code))
    for prompt in case.deliveries:
        if prompt.purpose == "PROMPT" and prompt.total_shown not in {None, "", total}:
            yield _breach(case, f"The prompt said {prompt.total_shown}, the order {total}.", prompt.delivery_id)


def _ids(charges: Sequence[ChargeRow]) -> tuple[object, ...]:
    return tuple(charge.charge_id for charge in charges)


def _breach(case: Case, what: str, *ids: object) -> Breach:
    order_id = str(case.order_id)
    return Breach(
        invariant=Invariant.AMOUNT, what=what, ids=(order_id, *(str(each) for each in ids)), order_id=order_id
    )
