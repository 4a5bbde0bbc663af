"""Change order: single calls that confirm, take back, accept, ship or return one order."""

from collections.abc import Callable
from dataclasses import dataclass

from kernel.ids import MerchantId, OrderId
from kernel.money import Money
from kernel.refusals import Refusal, RefusalKind
from orders.domain.change import Cause, Change, looked_at
from orders.domain.confirming import confirm, refusal_of
from orders.domain.limits import Limits
from orders.domain.order import Confirmation, ConfirmationKind, Order
from orders.domain.posts import VerdictWord
from orders.domain.shipping import NOT_FOUND, accept, record_shipment, request_return
from orders.domain.states import CancelReason
from orders.domain.taking_back import take_back
from orders.usecases.ports import Transactions
from orders.usecases.telling import told_of

LINK_NOT_ACTIVE = Refusal(
    kind=RefusalKind.PRECONDITION,
    reason="LINK_NOT_ACTIVE",
    message="The account's link was frozen or has ended; link the card again to buy.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One order, and the request that wants it changed."""

    order_id: OrderId
    request_id: str


async def confirm_order(
    asked: Asked, kind: ConfirmationKind, *, link_is_active: bool, transactions: Transactions, limits: Limits
) -> Order | Refusal:
    """Confirm by a button, in time by the database clock; what is confirmed already stays so."""

    def decide(change: Change, cause: Cause) -> Change | Refusal:
        outcome = confirm(change, Confirmation(kind=kind, at=cause.at), cause)
        if outcome.word is VerdictWord.CONFIRMED and not link_is_active:
            return LINK_NOT_ACTIVE
        return refusal_of(outcome) or outcome.change

    return await _change(asked, decide, transactions=transactions, limits=limits)


async def cancel_order(
    asked: Asked, reason: CancelReason, *, transactions: Transactions, limits: Limits
) -> Order | Refusal:
    """Take an order back."""
    return await _change(
        asked, lambda change, cause: take_back(change, reason, cause), transactions=transactions, limits=limits
    )


async def accept_shipment(
    asked: Asked, merchant_id: MerchantId, *, transactions: Transactions, limits: Limits
) -> Order | Refusal:
    """Take an order on."""
    return await _change(
        asked, lambda change, cause: accept(change, merchant_id, cause), transactions=transactions, limits=limits
    )


async def ship_order(
    asked: Asked,
    merchant_id: MerchantId,
    *,
    carrier: str,
    tracking_number: str,
    transactions: Transactions,
    limits: Limits,
) -> Order | Refusal:
    """Note that a parcel is on its way."""

    def decide(change: Change, cause: Cause) -> Change | Refusal:
        return record_shipment(change, merchant_id, carrier=carrier, tracking_number=tracking_number, cause=cause)

    return await _change(asked, decide, transactions=transactions, limits=limits)


async def return_order(
    asked: Asked,
    merchant_id: MerchantId,
    amount: Money | None,
    *,
    why: str,
    transactions: Transactions,
    limits: Limits,
) -> Order | Refusal:
    """Give money back; no amount is all of it."""

    def decide(change: Change, cause: Cause) -> Change | Refusal:
        return request_return(change, merchant_id, amount, why=why, cause=cause)

    return await _change(asked, decide, transactions=transactions, limits=limits)


async def _change(
    asked: Asked,
    decide: Callable[[Change, Cause], Change | Refusal],
    *,
    transactions: Transactions,
    limits: Limits,
) -> Order | Refusal:
    async with transactions.begin() as unit:
        order = (await unit.orders.lock([asked.order_id])).get(asked.order_id)
        if order is None:
            return NOT_FOUND
        decided = decide(looked_at(order), Cause(at=unit.at, limits=limits, id=f"request:{asked.request_id}"))
        if isinstance(decided, Refusal):
            return decided
        saved = await unit.orders.save([decided])
        await unit.outbox.add(told_of(saved))
    return decided.order
