"""I4: debits equal credits, our ledger says what our charges say, and the processor's says the same."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from hashtill_cli.checking.findings import Breach, Invariant
from hashtill_cli.checking.rows import Case, ChargeRow, MovementRow, TransferRow
from payments.domain.ledger import AVAILABLE, PENDING
from payments.domain.reconciling import Movement, MovementKind, differences

OURS = {
    "AUTHORIZE": MovementKind.AUTHORIZE,
    "CAPTURE": MovementKind.CAPTURE,
    "VOID": MovementKind.GIVE_BACK,
    "LAPSE": MovementKind.GIVE_BACK,
    "REFUND": MovementKind.REFUND,
}
THEIRS = {
    "authorization": MovementKind.AUTHORIZE,
    "capture": MovementKind.CAPTURE,
    "void": MovementKind.GIVE_BACK,
    "lapse": MovementKind.GIVE_BACK,
    "release": MovementKind.GIVE_BACK,
    "refund": MovementKind.REFUND,
}

SIDES = {
    "AUTHORIZE": (AVAILABLE, PENDING),
    "CAPTURE": (PENDING, "merchant:"),
    "VOID": (PENDING, AVAILABLE),
    "LAPSE": (PENDING, AVAILABLE),
    "REFUND": ("merchant:", AVAILABLE),
}
"""From where to where an amount of each kind moves: account, or what a merchant's begins with."""

NEVER_HELD = frozenset({"AUTHORIZING", "DECLINED"})
GIVEN_BACK = frozenset({"VOIDED", "LAPSED"})


def unbalanced(sums: Mapping[str, int]) -> Iterator[Breach]:
    """Find currencies whose balances over all accounts do not add up to nothing; minor units by currency."""
    for currency, sum_minor in sums.items():
        if sum_minor:
            yield Breach(
                invariant=Invariant.LEDGER, what=f"The accounts in {currency} sum to {sum_minor}.", ids=(currency,)
            )


def breaches(case: Case, *, processor_read: bool) -> Iterator[Breach]:
    """Find an order's differences between charges, ledger and processor; none are judged while one is under way."""
    if case.under_way:
        return
    for row in case.transfers:
        debit, credit = SIDES[row.kind]
        if not (row.debit_account.startswith(debit) and row.credit_account.startswith(credit)):
            said = f"{row.kind}: from {row.debit_account} to {row.credit_account}."
            yield _breach(case.order_id, said, str(row.charge_id))
    for charge in case.charges:
        yield from _unlike_charge(case, charge)
    if processor_read and not case.forgotten:
        ours = [_ours(row) for row in case.transfers]
        for each in differences(ours, [_theirs(row) for row in case.movements]):
            said = f"{each.kind}: our ledger says {each.ours_minor} {each.currency_code}"
            yield _breach(case.order_id, f"{said}, the processor's {each.theirs_minor}.")


def foreign(movements: Mapping[str, Sequence[MovementRow]]) -> Iterator[Breach]:
    """Tell of references at the processor that are no order of ours."""
    for reference, rows in movements.items():
        kinds = ", ".join(sorted({row.kind for row in rows}))
        yield Breach(
            invariant=Invariant.LEDGER, what=f"The processor has movements ({kinds}) of no order.", ids=(reference,)
        )


def _unlike_charge(case: Case, charge: ChargeRow) -> Iterator[Breach]:
    sums = Counter[MovementKind]()
    for row in case.transfers:
        if row.charge_id == charge.charge_id:
            sums[OURS[row.kind]] += row.amount_minor
    moved = {
        MovementKind.AUTHORIZE: 0 if charge.state in NEVER_HELD else charge.amount_minor,
        MovementKind.CAPTURE: charge.captured_minor,
        MovementKind.GIVE_BACK: charge.amount_minor if charge.state in GIVEN_BACK else 0,
        MovementKind.REFUND: charge.refunded_minor,
    }
    for kind, minor in moved.items():
        if sums[kind] != minor:
            yield _breach(
                case.order_id, f"{kind}: the ledger says {sums[kind]}, the charge {minor}.", str(charge.charge_id)
            )


def _ours(row: TransferRow) -> Movement:
    return Movement(
        reference=str(row.order_id),
        kind=OURS[row.kind],
        amount_minor=row.amount_minor,
        currency_code=row.currency_code,
    )


def _theirs(row: MovementRow) -> Movement:
    return Movement(
        reference=row.reference, kind=THEIRS[row.kind], amount_minor=row.amount_minor, currency_code=row.currency
    )


def _breach(order_id: UUID, what: str, *ids: str) -> Breach:
    return Breach(invariant=Invariant.LEDGER, what=what, ids=(str(order_id), *ids), order_id=str(order_id))
