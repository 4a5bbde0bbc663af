"""Every call has a request id and an end: the caller's, or a default; both hold for everything done on its behalf."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import grpc

from chassis.deadlines import ending_in
from chassis.interception import Around, Context
from chassis.request_ids import REQUEST_ID_HEADER, accepted_request_id, answering

DEADLINE_SECONDS = 10.0
"""A caller that sets no deadline gets this one, so that nothing waits for ever."""


class CallLimits(Around):
    """Binds the request id (echoed in the trailers) and the deadline; a stream without one may last."""

    def __init__(self, *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        super().__init__()
        self._deadline_seconds = deadline_seconds

    def around(
        self,
        method: str,  # noqa: ARG002 - the same for every method
        context: Context,
        *,
        streams: bool,
    ) -> AbstractAsyncContextManager[None]:
        """Bind both for the time of the call."""
        return self._limited(context, streams=streams)

    @asynccontextmanager
    async def _limited(self, context: Context, *, streams: bool) -> AsyncIterator[None]:
        request_id = accepted_request_id(header(context, REQUEST_ID_HEADER))
        context.set_trailing_metadata(((REQUEST_ID_HEADER, request_id),))
        given: float | None = _time_remaining(context)
        if streams or given is not None:  # grpc itself ends a call at the caller's deadline
            with answering(request_id), ending_in(given):
                yield
            return
        try:
            with answering(request_id), ending_in(self._deadline_seconds):
                async with asyncio.timeout(self._deadline_seconds):
                    yield
        except TimeoutError:
            message = f"No answer within {self._deadline_seconds:g} s (the limit when the caller sets no deadline)."
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, message, context.trailing_metadata())


def header(context: Context, key: str) -> str | None:
    """Read one text header of the call."""
    received: Iterable[tuple[str, str | bytes]] = context.invocation_metadata() or ()
    for name, value in received:
        if name == key:
            return value if isinstance(value, str) else None
    return None


def _time_remaining(context: Context) -> float | None:
    """Give the seconds the caller allows; None when it set no deadline."""
    left: float | None = context.time_remaining()
    return left
