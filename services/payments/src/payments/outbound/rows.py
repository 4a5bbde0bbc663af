"""Rows to domain words and back: charges, operations and transfers."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from asyncpg import Record

from kernel.ids import CardToken, ChargeId, MerchantId, OrderId
from kernel.money import Money
from payments.domain.charge import Charge, ChargeState
from payments.domain.ledger import EnteredTransfer, Transfer, TransferKind
from payments.domain.operation import Operation, OperationKind, OperationState

CHARGE_COLUMNS = (
    "charge_id, order_id, attempt, state, amount_minor, currency_code, card_token, card_last4, merchant_id,"
    " statement_descriptor, updated_at, captured_minor, refunded_minor, refunding_minor, void_wanted, decline_code,"
    " processor_authorization, network_reference, processor_capture, expires_at, version"
)

CHARGE_TYPES = (
    "uuid", "uuid", "int", "text", "bigint", "text", "text", "text", "text",
    "text", "timestamptz", "bigint", "bigint", "bigint", "boolean", "text",
    "text", "text", "text", "timestamptz", "bigint",
)  # fmt: skip

CHARGE_CHANGES = (
    "state", "updated_at", "captured_minor", "refunded_minor", "refunding_minor", "void_wanted", "decline_code",
    "processor_authorization", "network_reference", "processor_capture", "expires_at", "version",
)  # fmt: skip
"""What a charge's life may change; what was asked for stays as it was."""

OPERATION_COLUMNS = (
    "key, charge_id, kind, amount_minor, currency_code, state, contents_hash, begun_at, due_at, asked_times,"
    " reference, code, cause"
)

OPERATION_TYPES = (
    "text", "uuid", "text", "bigint", "text", "text", "bytea", "timestamptz", "timestamptz", "int",
    "text", "text", "text",
)  # fmt: skip

OPERATION_CHANGES = ("state", "due_at", "asked_times", "reference", "code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some columns of a table, with how to take them from a whole row: an update is sent nothing it does not write."""

    columns: str
    types: tuple[str, ...]
    of_row: Callable[[tuple[Any, ...]], tuple[Any, ...]]


def _part(columns: str, types: tuple[str, ...], *names: str) -> Part:
    places = [columns.split(", ").index(name) for name in names]
    return Part(columns=", ".join(names), types=tuple(types[each] for each in places), of_row=itemgetter(*places))


CHANGED_CHARGE = _part(CHARGE_COLUMNS, CHARGE_TYPES, "charge_id", *CHARGE_CHANGES)
CHANGED_OPERATION = _part(OPERATION_COLUMNS, OPERATION_TYPES, "key", *OPERATION_CHANGES)

TRANSFER_COLUMNS = (
    "transfer_id, charge_id, order_id, kind, debit_account, credit_account, amount_minor, currency_code, entered_at"
)

TRANSFER_TYPES = ("uuid", "uuid", "uuid", "text", "text", "text", "bigint", "text", "timestamptz")


def arrays(types: tuple[str, ...]) -> str:
    """Write the placeholders that unnest takes."""
    return ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(types, start=1))


def row_of_charge(charge: Charge) -> tuple[Any, ...]:
    """Write a charge as a row, in the order of CHARGE_COLUMNS."""
    return (
        charge.charge_id,
        charge.order_id,
        charge.attempt,
        charge.state.value,
        charge.amount.amount_minor,
        charge.amount.currency_code,
        charge.card_token,
        charge.card_last4,
        charge.merchant_id,
        charge.statement_descriptor,
        charge.updated_at,
        charge.captured_minor,
        charge.refunded_minor,
        charge.refunding_minor,
        charge.void_wanted,
        charge.decline_code,
        charge.authorization,
        charge.network_reference,
        charge.capture,
        charge.expires_at,
        charge.version,
    )


def charge_of_row(row: Record) -> Charge:
    """Read a charge from a row."""
    return Charge(
        charge_id=ChargeId(row["charge_id"]),
        order_id=OrderId(row["order_id"]),
        attempt=row["attempt"],
        state=ChargeState(row["state"]),
        amount=_money_of_row(row),
        card_token=CardToken(row["card_token"]),
        card_last4=row["card_last4"],
        merchant_id=MerchantId(row["merchant_id"]),
        statement_descriptor=row["statement_descriptor"],
        updated_at=row["updated_at"],
        captured_minor=row["captured_minor"],
        refunded_minor=row["refunded_minor"],
        refunding_minor=row["refunding_minor"],
        void_wanted=row["void_wanted"],
        decline_code=row["decline_code"],
        authorization=row["processor_authorization"],
        network_reference=row["network_reference"],
        capture=row["processor_capture"],
        expires_at=row["expires_at"],
        version=row["version"],
    )


def row_of_operation(operation: Operation) -> tuple[Any, ...]:
    """Write an operation as a row, in the order of OPERATION_COLUMNS."""
    return (
        operation.key,
        operation.charge_id,
        operation.kind.value,
        operation.amount.amount_minor,
        operation.amount.currency_code,
        operation.state.value,
        operation.contents_hash,
        operation.begun_at,
        operation.due_at,
        operation.asked_times,
        operation.reference,
        operation.code,
        operation.cause,
    )


def operation_of_row(row: Record) -> Operation:
    """Read an operation from a row."""
    return Operation(
        key=row["key"],
        charge_id=ChargeId(row["charge_id"]),
        kind=OperationKind(row["kind"]),
        amount=_money_of_row(row),
        state=OperationState(row["state"]),
        contents_hash=row["contents_hash"],
        begun_at=row["begun_at"],
        due_at=row["due_at"],
        asked_times=row["asked_times"],
        reference=row["reference"],
        code=row["code"],
        cause=row["cause"],
    )


def row_of_transfer(transfer: Transfer) -> tuple[Any, ...]:
    """Write a transfer as a row, in the order of TRANSFER_COLUMNS."""
    return (
        transfer.transfer_id,
        transfer.charge_id,
        transfer.order_id,
        transfer.kind.value,
        transfer.debit_account,
        transfer.credit_account,
        transfer.amount.amount_minor,
        transfer.amount.currency_code,
        transfer.entered_at,
    )


def transfer_of_row(row: Record) -> EnteredTransfer:
    """Read a transfer from a row."""
    transfer = Transfer(
        transfer_id=row["transfer_id"],
        charge_id=ChargeId(row["charge_id"]),
        order_id=OrderId(row["order_id"]),
        kind=TransferKind(row["kind"]),
        debit_account=row["debit_account"],
        credit_account=row["credit_account"],
        amount=_money_of_row(row),
        entered_at=row["entered_at"],
    )
    return EnteredTransfer(sequence=row["sequence"], transfer=transfer)


def _money_of_row(row: Record) -> Money:
    return Money(amount_minor=row["amount_minor"], currency_code=row["currency_code"])
