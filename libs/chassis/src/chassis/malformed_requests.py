"""Malformed bytes are the caller's fault: INVALID_ARGUMENT / MALFORMED_REQUEST, where grpc.aio alone says INTERNAL."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError

from chassis.interception import Behaviour, Context, Handler, Interceptor, MaybeHandler, behaviour_of, with_behaviour
from kernel.refusals import Refusal, RefusalKind, RefusedError

MALFORMED_REQUEST = "MALFORMED_REQUEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Malformed:
    """Stands in for a message whose bytes do not parse, until the behaviour refuses it."""

    why: str


class MalformedRequests(Interceptor):
    """Parses inside the call instead of before it, so that the failure meets the refusal interceptor."""

    def __init__(self) -> None:
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[MaybeHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Give the method's handler with a parser that never raises."""
        method = handler_call_details.method
        if (kept := self._wrapped.get(method)) is not None:
            return kept
        handler = await continuation(handler_call_details)
        return handler if handler is None else self._wrapped.setdefault(method, _guarded(handler))


def _guarded(handler: Handler) -> Handler:
    inner = behaviour_of(handler)
    check = _checked_each if handler.request_streaming else _checked

    async def unary(request: Any, context: Context) -> Any:
        return await inner(check(request), context)

    async def stream(request: Any, context: Context) -> AsyncIterator[Any]:
        async for answer in inner(check(request), context):
            yield answer

    behaviour: Behaviour = stream if inspect.isasyncgenfunction(inner) else unary
    return with_behaviour(handler, behaviour, parse=_never_raising(handler.request_deserializer))


def _never_raising(parse: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    if parse is None:
        return None

    def parsed(raw: bytes) -> Any:
        try:
            return parse(raw)
        except (DecodeError, ValueError) as error:
            return _Malformed(why=str(error))

    return parsed


def _checked(request: Any) -> Any:
    if isinstance(request, _Malformed):
        _refuse(request)
    return request


async def _checked_each(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for request in requests:
        yield _checked(request)


def _refuse(malformed: _Malformed) -> NoReturn:
    message = "The request's bytes are not the message this method takes; check the client's generated code."
    raise RefusedError(
        Refusal(kind=RefusalKind.INVALID, reason=MALFORMED_REQUEST, message=message, facts={"parser": malformed.why})
    )
