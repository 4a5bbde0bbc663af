"""Answers the RPCs that move money: one result an item in the same order; a bad item never fails its mates."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import structlog
from google.rpc import status_pb2

from chassis.idempotent_calls import Transactions
from chassis.refusal_status import internal_status, status_of
from chassis.timestamps import timestamp
from chassis.validation import page_token, read_each, read_items, read_page_token, read_uuid
from hashtill.payments.v1 import payments_service_pb2 as pb
from kernel.ids import OrderId
from kernel.refusals import Refusal, RefusedError
from payments.domain.charge import Charge
from payments.domain.ledger import EnteredTransfer
from payments.inbound.reading import (
    read_authorization,
    read_capture,
    read_charge_key,
    read_ledger_page_size,
    read_refund,
    read_sequence,
    read_void,
)
from payments.outbound.messages import charge_message, money_message
from payments.usecases.charge_desk import ChargeDesk, Outcome
from payments.usecases.read_charges import batch_get_charges, list_ledger

T = TypeVar("T")
D = TypeVar("D")


class ChargeServicer:
    """BatchAuthorize, BatchCapture, BatchVoid, Refund, BatchGetCharges and ListLedger; the rules are in the domain."""

    _transactions: Transactions[Any]
    _desk: ChargeDesk

    async def BatchAuthorize(self, request: pb.BatchAuthorizeRequest, _context: object) -> pb.BatchAuthorizeResponse:  # noqa: N802 - gRPC's name
        """Authorise many."""
        asked = read_each(read_items(request.items, "items"), read_authorization, "items")
        return pb.BatchAuthorizeResponse(results=await _answers(asked, self._desk.authorize))

    async def BatchCapture(self, request: pb.BatchCaptureRequest, _context: object) -> pb.BatchCaptureResponse:  # noqa: N802 - as above
        """Take many."""
        asked = read_each(read_items(request.charge_ids, "charge_ids"), read_capture, "charge_ids")
        return pb.BatchCaptureResponse(results=await _answers(asked, self._desk.capture))

    async def BatchVoid(self, request: pb.BatchVoidRequest, _context: object) -> pb.BatchVoidResponse:  # noqa: N802 - as above
        """Give many back."""
        asked = read_each(read_items(request.keys, "keys"), read_void, "keys")
        return pb.BatchVoidResponse(results=await _answers(asked, self._desk.void))

    async def BatchGetCharges(self, request: pb.BatchGetChargesRequest, _context: object) -> pb.BatchGetChargesResponse:  # noqa: N802 - as above
        """Read many."""
        asked = read_each(read_items(request.keys, "keys"), read_charge_key, "keys")

        async def read(keys: Sequence[Any]) -> Sequence[Outcome]:
            return await batch_get_charges(keys, transactions=self._transactions)

        return pb.BatchGetChargesResponse(results=await _answers(asked, read))

    async def Refund(self, request: pb.RefundRequest, _context: object) -> pb.RefundResponse:  # noqa: N802 - as above
        """Give back part or all of one."""
        standing = await self._desk.refund(read_refund(request))
        if isinstance(standing, Refusal):
            raise RefusedError(standing)
        return pb.RefundResponse(charge=charge_message(standing.charge), pending=standing.pending)

    async def ListLedger(self, request: pb.ListLedgerRequest, _context: object) -> pb.ListLedgerResponse:  # noqa: N802 - as above
        """Read one page of the ledger."""
        limit = read_ledger_page_size(request.page_size)
        position = read_page_token(request.page_token, parts=1)
        after = read_sequence(position[0]) if position else 0
        order_id = OrderId(read_uuid(request.order_id, "order_id")) if request.order_id else None
        page = await list_ledger(order_id=order_id, after=after, limit=limit + 1, transactions=self._transactions)
        more = page_token(str(page[limit - 1].sequence)) if len(page) > limit else ""
        return pb.ListLedgerResponse(entries=[_entry(each) for each in page[:limit]], next_page_token=more)


async def _answers(
    asked: Sequence[D | Refusal], do: Callable[[Sequence[D]], Awaitable[Sequence[Outcome]]]
) -> list[pb.ChargeResult]:
    """Do what could be read, and give each its result where it stood."""
    readable = [each for each in asked if not isinstance(each, Refusal)]
    outcomes = iter(await do(readable) if readable else ())
    return [_result(each if isinstance(each, Refusal) else next(outcomes)) for each in asked]


def _result(outcome: Outcome) -> pb.ChargeResult:
    match outcome:
        case Charge():
            return pb.ChargeResult(charge=charge_message(outcome))
        case Refusal():
            return pb.ChargeResult(status=status_of(outcome))
        case _:
            return pb.ChargeResult(status=_failed(outcome))


def _failed(error: Exception) -> status_pb2.Status:
    """Tell of a bug that met this item alone; logged once, here."""
    error_id = uuid.uuid4().hex
    structlog.get_logger().error("charge_failed", error_id=error_id, exc_info=error)
    return internal_status(error_id)


def _entry(entered: EnteredTransfer) -> pb.LedgerEntry:
    transfer = entered.transfer
    return pb.LedgerEntry(
        entry_id=str(transfer.transfer_id),
        charge_id=str(transfer.charge_id),
        order_id=str(transfer.order_id),
        kind=transfer.kind,
        debit_account=transfer.debit_account,
        credit_account=transfer.credit_account,
        amount=money_message(transfer.amount),
        entered_at=timestamp(transfer.entered_at),
    )
