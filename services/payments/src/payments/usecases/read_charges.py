"""Charges and the ledger are read."""

from collections.abc import Sequence

from kernel.ids import OrderId
from kernel.refusals import Refusal
from payments.domain.charge import Charge, ChargeKey, charge_id_of
from payments.domain.ending import charge_not_found
from payments.domain.ledger import EnteredTransfer
from payments.usecases.ports import Transactions


async def batch_get_charges(keys: Sequence[ChargeKey], *, transactions: Transactions) -> list[Charge | Refusal]:
    """Read the charge of each key, one result each in the same order."""
    async with transactions.begin() as unit:
        found = await unit.charges.by_ids({charge_id_of(key) for key in keys})
    return [found.get(charge_id_of(key)) or charge_not_found() for key in keys]


async def list_ledger(
    *, order_id: OrderId | None, after: int, limit: int, transactions: Transactions
) -> Sequence[EnteredTransfer]:
    """Read one page behind a place, oldest first."""
    async with transactions.begin() as unit:
        return await unit.ledger.page(order_id=order_id, after=after, limit=limit)
