"""The wire's edge: messages are parsed and written inside the call, so that what fails there meets the refusals too.

grpc.aio alone answers INTERNAL for bytes that do not parse; it is the caller's fault: INVALID_ARGUMENT.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from chassis.interception import Behaviour, Context, Handler, Interceptor, MaybeHandler, behaviour_of, with_behaviour
from kernel.refusals import Refusal, RefusalKind, RefusedError

MALFORMED_REQUEST = "MALFORMED_REQUEST"

Parse = Callable[[bytes], Any]
Write = Callable[[Any], bytes]


class Wire(Interceptor):
    """The innermost interceptor: hands raw bytes through the others and turns them into messages here."""

    def __init__(self) -> None:
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[MaybeHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Give the method's handler, which takes and gives bytes."""
        method = handler_call_details.method
        if (kept := self._wrapped.get(method)) is not None:
            return kept
        handler = await continuation(handler_call_details)
        return handler if handler is None else self._wrapped.setdefault(method, _on_bytes(handler))


def _on_bytes(handler: Handler) -> Handler:
    inner = behaviour_of(handler)
    parse: Parse = handler.request_deserializer or bytes
    write: Write = handler.response_serializer or bytes
    read = _parsed_each if handler.request_streaming else _parsed
    if inspect.isasyncgenfunction(inner):
        return with_behaviour(handler, _streaming(inner, read, parse, write), parse=None, write=None)
    if handler.response_streaming:  # it writes to its context itself, so grpc must keep turning messages into bytes
        return with_behaviour(handler, _single(inner, read, parse, _as_is), parse=None, write=write)
    return with_behaviour(handler, _single(inner, read, parse, write), parse=None, write=None)


def _single(
    inner: Behaviour, read: Callable[[Any, Parse], Any], parse: Parse, write: Callable[[Any], Any]
) -> Behaviour:
    async def answer(request: Any, context: Context) -> Any:
        return write(await inner(read(request, parse), context))

    return answer


def _streaming(inner: Behaviour, read: Callable[[Any, Parse], Any], parse: Parse, write: Write) -> Behaviour:
    """Write a stream's answers here: grpc drops a generator whose caller has gone, and it would end in another task."""

    async def answer(request: Any, context: Context) -> None:
        async with aclosing(inner(read(request, parse), context)) as answers:
            async for each in answers:
                await context.write(write(each))

    return answer


def _as_is(nothing: Any) -> Any:
    return nothing


def _parsed(raw: bytes, parse: Parse) -> Any:
    try:
        return parse(raw)
    except (DecodeError, ValueError) as error:
        message = "The request's bytes are not the message this method takes; check the client's generated code."
        facts = {"parser": str(error)}
        refusal = Refusal(kind=RefusalKind.INVALID, reason=MALFORMED_REQUEST, message=message, facts=facts)
        raise RefusedError(refusal) from None


async def _parsed_each(requests: AsyncIterator[bytes], parse: Parse) -> AsyncIterator[Any]:
    async for raw in requests:
        yield _parsed(raw, parse)
