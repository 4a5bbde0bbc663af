"""Authorizing: what asking for an authorization means, given what is known of this attempt and the one before."""

from dataclasses import dataclass
from datetime import datetime

from kernel.ids import CardToken, MerchantId, OrderId
from kernel.money import Money
from kernel.refusals import Refusal, RefusalKind
from payments.domain.card import ChargeableCard
from payments.domain.charge import FAILED, Charge, ChargeKey, ChargeState, charge_id_of
from payments.domain.operation import OperationKind
from payments.domain.step import Step, sent_operation


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationAsked:
    """One authorization wanted; `cause` is the trace of the call."""

    order_id: OrderId
    attempt: int
    card_token: CardToken
    amount: Money
    merchant_id: MerchantId
    statement_descriptor: str
    cause: str = ""

    @property
    def key(self) -> ChargeKey:
        """What it is known by."""
        return self.order_id, self.attempt

    @property
    def former_key(self) -> ChargeKey | None:
        """The attempt before, which must have failed; the first has none."""
        return (self.order_id, self.attempt - 1) if self.attempt > 1 else None


def authorize(
    asked: AuthorizationAsked,
    *,
    known: Charge | None,
    former: Charge | None,
    card: ChargeableCard | None,
    at: datetime,
) -> Step | Refusal:
    """Decide one: a repeat gives the charge as it stands, a first makes the charge and its operation."""
    if known is not None:
        return Step(charge=known) if _same(known, asked) else _differs()
    if asked.attempt > 1 and (former is None or former.state not in FAILED):
        return _not_next(asked)
    if card is None:
        return card_not_found()
    charge = _new_charge(asked, card, at=at)
    return Step(charge=charge, operation=sent_operation(OperationKind.AUTH, charge, at=at, cause=asked.cause))


def card_not_found() -> Refusal:
    """Say that there is no such card."""
    return Refusal(kind=RefusalKind.NOT_FOUND, reason="CARD_NOT_FOUND", message="There is no such card.")


def _new_charge(asked: AuthorizationAsked, card: ChargeableCard, *, at: datetime) -> Charge:
    return Charge(
        charge_id=charge_id_of(asked.key),
        order_id=asked.order_id,
        attempt=asked.attempt,
        state=ChargeState.AUTHORIZING,
        amount=asked.amount,
        card_token=asked.card_token,
        card_last4=card.last4,
        merchant_id=asked.merchant_id,
        statement_descriptor=asked.statement_descriptor,
        updated_at=at,
    )


def _same(known: Charge, asked: AuthorizationAsked) -> bool:
    return (known.amount, known.card_token, known.merchant_id, known.statement_descriptor) == (
        asked.amount,
        asked.card_token,
        asked.merchant_id,
        asked.statement_descriptor,
    )


def _differs() -> Refusal:
    return Refusal(
        kind=RefusalKind.CONFLICT,
        reason="CHARGE_DIFFERS",
        message="This order and attempt were authorised with another amount, card, merchant or descriptor.",
    )


def _not_next(asked: AuthorizationAsked) -> Refusal:
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="ATTEMPT_NOT_NEXT",
        message=f"Attempt {asked.attempt} may follow only when attempt {asked.attempt - 1} was declined or lapsed.",
        facts={"attempt": str(asked.attempt)},
    )
