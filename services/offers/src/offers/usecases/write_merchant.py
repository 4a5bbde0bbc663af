"""A merchant is created or changed."""

from kernel.refusals import Refusal
from offers.domain.merchant import Merchant, check_merchant, merchant_not_found
from offers.usecases.ports import Transactions


async def write_merchant(
    *, merchant_id: str, display_name: str, support_email: str, allow_missing: bool, transactions: Transactions
) -> Merchant | Refusal:
    """Write the whole merchant; an unknown one only with `allow_missing`. The same contents again change nothing."""
    async with transactions.begin() as unit:
        wanted = check_merchant(
            merchant_id=merchant_id, display_name=display_name, support_email=support_email, at=unit.at
        )
        if isinstance(wanted, Refusal):
            return wanted
        before = (await unit.merchants.by_ids([wanted.merchant_id])).get(wanted.merchant_id)
        if before is None and not allow_missing:
            return merchant_not_found(merchant_id)
        if before is not None and wanted.is_as(before):
            return before
        await unit.merchants.save(wanted)
    return wanted
