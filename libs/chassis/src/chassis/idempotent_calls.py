"""A single mutating call is done once: a repeated request id gets the first answer, kept with the effect."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

from google.protobuf.message import Message

from chassis.idempotency import Claim, Repeated, contents_of
from chassis.validation import read_uuid
from kernel.failpoints import FailPoint, failpoint
from kernel.refusals import Refusal, RefusedError

U = TypeVar("U")
Unit_co = TypeVar("Unit_co", covariant=True)
R = TypeVar("R", bound=Message)
Req = TypeVar("Req", bound=Message)


class Requests(Protocol):
    """The request ids of one transaction and scope (chassis.idempotency in PostgreSQL, chassis.memory in tests)."""

    async def claim(self, request_id: str, *, contents: bytes) -> Claim:
        """Take a request id before the work."""

    async def answer(self, request_id: str, response: bytes) -> None:
        """Keep the answer for repeats."""


class Transactions(Protocol[Unit_co]):
    """What use cases begin their unit of work with."""

    def begin(self) -> AbstractAsyncContextManager[Unit_co]:
        """Open one transaction."""


class Within(Generic[U]):
    """Transactions that are one open transaction: a use case begun with it joins it instead of opening its own."""

    def __init__(self, unit: U) -> None:
        self._unit = unit

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[U]:
        """Give the open unit; who opened it commits it."""
        yield self._unit


class AnswerOnce(Generic[U]):
    """Claims the id, does the work and keeps the answer, all in one transaction; a refusal keeps nothing."""

    def __init__(self, transactions: Transactions[U], *, requests: Callable[[U, str], Requests]) -> None:
        self._transactions, self._requests = transactions, requests

    async def __call__(
        self, request: Message, response_type: type[R], do: Callable[[Transactions[U]], Awaitable[R]]
    ) -> R:
        """Answer `request` by `do(transactions)`, or as it was answered before.

        Refuses a missing or malformed `context.request_id` (INVALID_FIELD), and one used with other contents
        (CONFLICT / REQUEST_ID_REUSED). A refused call leaves no trace: its repeat is decided anew.
        """
        request_id = request_id_of(request)
        async with self._transactions.begin() as unit:
            requests = self._requests(unit, request.DESCRIPTOR.full_name)
            claim = await requests.claim(request_id, contents=contents_of(without_context(request)))
            if isinstance(claim, Refusal):
                raise RefusedError(claim)
            if isinstance(claim, Repeated):
                return response_type.FromString(claim.response)
            response = await do(Within(unit))
            await requests.answer(request_id, response.SerializeToString())
            failpoint(FailPoint.CALL_UNCOMMITTED)
        failpoint(FailPoint.CALL_COMMITTED)
        return response


def request_id_of(request: Any) -> str:
    """Take the request's id, which must be a UUID, in its canonical form."""
    return str(read_uuid(request.context.request_id, "context.request_id"))


def without_context(request: Req) -> Req:
    """Copy a request without its context: who asks, and under which id, is no part of what is asked."""
    contents = type(request)()
    contents.CopyFrom(request)
    contents.ClearField("context")
    return contents
