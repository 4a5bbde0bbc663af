"""Answers the batch RPCs on holds: one result an item, in the same order; a bad item never fails its mates."""

import uuid
from collections.abc import Sequence
from typing import Any

import structlog
from google.rpc import status_pb2

from chassis.refusal_status import internal_status, status_of
from chassis.validation import read_each, read_items
from hashtill.offers.v1 import offers_service_pb2 as pb
from kernel.ids import OrderId
from kernel.refusals import Refusal
from offers.domain.hold import Hold, HoldAsked
from offers.inbound.reading import read_hold, read_order_id
from offers.inbound.showing import Showing
from offers.usecases.gather_holds import HoldGatherer, Outcome
from offers.usecases.ports import Transactions
from offers.usecases.settle_holds import commit_holds, release_holds

_OK = status_pb2.Status()


class HoldCalls:
    """The half of the servicer that moves stock."""

    def __init__(self, *, transactions: Transactions, gatherer: HoldGatherer, showing: Showing) -> None:
        self._transactions, self._gatherer, self._show = transactions, gatherer, showing

    async def hold(self, request: pb.BatchHoldStockRequest) -> pb.BatchHoldStockResponse:
        """Hold one unit for each item."""
        read = read_each(read_items(request.items, "items"), read_hold, "items")
        asked = [each for each in read if isinstance(each, HoldAsked)]
        outcomes = iter(await self._gatherer.hold(asked))
        answers = [each if isinstance(each, Refusal) else next(outcomes) for each in read]
        results = [self._result(item.order_id, answer) for item, answer in zip(request.items, answers, strict=True)]
        return pb.BatchHoldStockResponse(results=results)

    async def commit(self, request: pb.BatchCommitHoldsRequest) -> pb.BatchCommitHoldsResponse:
        """Make the holds final."""
        read = _read_order_ids(request.order_ids)
        asked = [each for each in read if not isinstance(each, Refusal)]
        outcomes = iter(await commit_holds(asked, transactions=self._transactions) if asked else ())
        answers = [each if isinstance(each, Refusal) else next(outcomes) for each in read]
        results = [
            pb.CommitResult(order_id=order_id, status=_status(answer))
            for order_id, answer in zip(request.order_ids, answers, strict=True)
        ]
        return pb.BatchCommitHoldsResponse(results=results)

    async def release(self, request: pb.BatchReleaseHoldsRequest) -> pb.BatchReleaseHoldsResponse:
        """Give the units back."""
        read = _read_order_ids(request.order_ids)
        asked = [each for each in read if not isinstance(each, Refusal)]
        await release_holds(asked, transactions=self._transactions)
        results = [
            pb.ReleaseResult(order_id=order_id, status=_status(each if isinstance(each, Refusal) else None))
            for order_id, each in zip(request.order_ids, read, strict=True)
        ]
        return pb.BatchReleaseHoldsResponse(results=results)

    def _result(self, order_id: str, outcome: Outcome) -> pb.HoldResult:
        match outcome:
            case Hold():
                return pb.HoldResult(order_id=order_id, hold=self._show.hold(outcome))
            case Refusal():
                return pb.HoldResult(order_id=order_id, status=status_of(outcome))
            case _:
                return pb.HoldResult(order_id=order_id, status=_failed(order_id, outcome))


def _read_order_ids(order_ids: Any) -> Sequence[OrderId | Refusal]:
    return read_each(read_items(order_ids, "order_ids"), read_order_id, "order_ids")


def _status(refusal: Refusal | None) -> status_pb2.Status:
    return status_of(refusal) if refusal else _OK


def _failed(order_id: str, error: Exception) -> status_pb2.Status:
    """Tell of a bug that met this item alone; logged once, here."""
    error_id = uuid.uuid4().hex
    structlog.get_logger().error("hold_failed", order_id=order_id, error_id=error_id, exc_info=error)
    return internal_status(error_id)
