"""Settling: what an outcome does to its operation and charge, what it moves in the ledger, and what is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from kernel.ids import ChargeId
from payments.domain.charge import Charge, ChargeState
from payments.domain.events import ChargeFact, ChargeFactKind
from payments.domain.ledger import Transfer, TransferKind, transfer_of
from payments.domain.operation import Operation, OperationKind
from payments.domain.outcome import Declined, Done, Gone, Outcome, Unknown
from payments.domain.step import new_operation

Known: TypeAlias = Done | Declined | Gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Everything one outcome changes; what is None is not."""

    charge: Charge
    operation: Operation
    transfer: TransferKind | None = None
    fact: ChargeFactKind | None = None
    follow_up: Operation | None = None


@dataclass(slots=True, kw_only=True)
class Settlement:
    """What a batch of outcomes changes together."""

    charges: dict[ChargeId, Charge]
    operations: list[Operation] = field(default_factory=list)
    follow_ups: list[Operation] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    facts: list[ChargeFact] = field(default_factory=list)


def settle_all(
    outcomes: Sequence[tuple[Operation, Outcome]], *, charges: Mapping[ChargeId, Charge], at: datetime
) -> Settlement:
    """Settle outcomes one after the other; several of one charge build on each other."""
    settlement = Settlement(charges=dict(charges))
    for operation, outcome in outcomes:
        _add(settlement, settle(settlement.charges[operation.charge_id], operation, outcome, at=at), at=at)
    return settlement


def settle(charge: Charge, operation: Operation, outcome: Outcome, *, at: datetime) -> Settled:
    """Settle one outcome; an unknown one changes nothing but when it is asked for again."""
    if isinstance(outcome, Unknown):
        return Settled(charge=charge, operation=operation.unknown(at=at, why=outcome.why))
    return _SETTLERS[operation.kind](charge, operation, outcome, at)


def _authorized(charge: Charge, operation: Operation, outcome: Known, at: datetime) -> Settled:
    if not isinstance(outcome, Done):
        declined = charge.changed(at=at, state=ChargeState.DECLINED, decline_code=outcome.code)
        return Settled(charge=declined, operation=operation.failed(outcome.code), fact=ChargeFactKind.DECLINED)
    held = charge.changed(
        at=at,
        state=ChargeState.VOIDING if charge.void_wanted else ChargeState.AUTHORIZED,
        authorization=outcome.reference,
        network_reference=outcome.network_reference,
        expires_at=outcome.expires_at,
    )
    void = new_operation(OperationKind.VOID, held, at=at, cause=operation.cause) if charge.void_wanted else None
    return Settled(
        charge=held,
        operation=operation.done(outcome.reference),
        transfer=TransferKind.AUTHORIZE,
        fact=None if charge.void_wanted else ChargeFactKind.AUTHORIZED,
        follow_up=void,
    )


def _captured(charge: Charge, operation: Operation, outcome: Known, at: datetime) -> Settled:
    """Take the money; a declined capture leaves the hold at the processor, so that is given back before LAPSED."""
    if isinstance(outcome, Done):
        taken_minor = operation.amount.amount_minor
        taken = charge.changed(at=at, state=ChargeState.CAPTURED, captured_minor=taken_minor, capture=outcome.reference)
        done = operation.done(outcome.reference)
        return Settled(charge=taken, operation=done, transfer=TransferKind.CAPTURE, fact=ChargeFactKind.CAPTURED)
    if isinstance(outcome, Gone):
        return _lapsed(charge, operation.failed(outcome.code), code=outcome.code, at=at)
    lapsing = charge.changed(at=at, state=ChargeState.LAPSING, decline_code=outcome.code)
    release = new_operation(OperationKind.VOID, lapsing, at=at, cause=operation.cause)
    return Settled(charge=lapsing, operation=operation.failed(outcome.code), follow_up=release)


def _voided(charge: Charge, operation: Operation, outcome: Known, at: datetime) -> Settled:
    """Give the hold back; a void is never declined for good, so such an answer leaves it open."""
    if isinstance(outcome, Declined):
        return Settled(charge=charge, operation=operation.unknown(at=at, why=outcome.code))
    ended = operation.done(outcome.reference) if isinstance(outcome, Done) else operation.failed(outcome.code)
    if charge.state is ChargeState.LAPSING or isinstance(outcome, Gone):
        return _lapsed(charge, ended, code=charge.decline_code, at=at)
    voided = charge.changed(at=at, state=ChargeState.VOIDED)
    return Settled(charge=voided, operation=ended, transfer=TransferKind.VOID, fact=ChargeFactKind.VOIDED)


def _refunded(charge: Charge, operation: Operation, outcome: Known, at: datetime) -> Settled:
    given_minor = operation.amount.amount_minor
    refunding_minor = charge.refunding_minor - given_minor
    if not isinstance(outcome, Done):
        as_before = charge.changed(at=at, refunding_minor=refunding_minor)
        return Settled(charge=as_before, operation=operation.failed(outcome.code))
    refunded_minor = charge.refunded_minor + given_minor
    whole = refunded_minor == charge.captured_minor
    given = charge.changed(
        at=at,
        state=ChargeState.REFUNDED if whole else charge.state,
        refunded_minor=refunded_minor,
        refunding_minor=refunding_minor,
    )
    return Settled(
        charge=given,
        operation=operation.done(outcome.reference),
        transfer=TransferKind.REFUND,
        fact=ChargeFactKind.REFUNDED,
    )


def _lapsed(charge: Charge, operation: Operation, *, code: str, at: datetime) -> Settled:
    lapsed = charge.changed(at=at, state=ChargeState.LAPSED, decline_code=code)
    return Settled(charge=lapsed, operation=operation, transfer=TransferKind.LAPSE, fact=ChargeFactKind.LAPSED)


def _add(settlement: Settlement, settled: Settled, *, at: datetime) -> None:
    charge, operation = settled.charge, settled.operation
    settlement.charges[charge.charge_id] = charge
    settlement.operations.append(operation)
    if settled.follow_up is not None:
        settlement.follow_ups.append(settled.follow_up)
    if settled.transfer is not None:
        settlement.transfers.append(transfer_of(settled.transfer, charge, operation, at=at))
    if settled.fact is not None:
        amount, cause = operation.amount, operation.cause
        settlement.facts.append(ChargeFact(kind=settled.fact, charge=charge, amount=amount, at=at, cause=cause))


_SETTLERS: Mapping[OperationKind, Callable[[Charge, Operation, Known, datetime], Settled]] = MappingProxyType(
    {
        OperationKind.AUTH: _authorized,
        OperationKind.CAPTURE: _captured,
        OperationKind.VOID: _voided,
        OperationKind.REFUND: _refunded,
    }
)
