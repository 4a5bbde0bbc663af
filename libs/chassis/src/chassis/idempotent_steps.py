"""A single call that asks the network between its transactions: done once, its answer kept for repeats."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from google.protobuf.message import Message

from chassis.idempotency import Claim, Repeated, contents_of
from chassis.idempotent_calls import Requests, Transactions, request_id_of, without_context
from kernel.refusals import Refusal, RefusedError

U = TypeVar("U")
R = TypeVar("R", bound=Message)


class AnswerKept(Generic[U]):
    """Wraps calls whose work is several transactions: claim the id first, keep the answer last.

    A call that was refused, or that died in between, is decided anew when it is repeated: what guards its effects
    is the state they are compared with, not the request id.
    """

    def __init__(self, transactions: Transactions[U], *, requests: Callable[[U, str], Requests]) -> None:
        self._transactions, self._requests = transactions, requests

    async def __call__(self, request: Message, response_type: type[R], do: Callable[[], Awaitable[R]]) -> R:
        """Answer `request` by `do()`, or as it was answered before; refuses as AnswerOnce does."""
        claim = await self._claim(request)
        if isinstance(claim, Refusal):
            raise RefusedError(claim)
        if isinstance(claim, Repeated) and claim.response:
            return response_type.FromString(claim.response)
        response = await do()
        async with self._transactions.begin() as unit:
            requests = self._requests(unit, request.DESCRIPTOR.full_name)
            await requests.answer(request_id_of(request), response.SerializeToString())
        return response

    async def _claim(self, request: Message) -> Claim:
        request_id = request_id_of(request)
        async with self._transactions.begin() as unit:
            requests = self._requests(unit, request.DESCRIPTOR.full_name)
            return await requests.claim(request_id, contents=contents_of(without_context(request)))
