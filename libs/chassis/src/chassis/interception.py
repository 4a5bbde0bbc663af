"""Interception: one asynchronous context around every kind of call, so that an interceptor is one `around`."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
from grpc import aio

Context: TypeAlias = "aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
MaybeHandler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"
Behaviour = Callable[[Any, Context], Any]


if TYPE_CHECKING:
    Interceptor = aio.ServerInterceptor[Any, Any]
else:
    Interceptor = aio.ServerInterceptor


class Around(Interceptor):
    """Wraps each method once and keeps it: the cost a call is the context itself. `Wire` within it writes streams."""

    def __init__(self) -> None:
        self._wrapped: dict[str, Handler] = {}

    @abstractmethod
    def around(self, method: str, context: Context, *, streams: bool) -> AbstractAsyncContextManager[None]:
        """Open what holds while one call of `/package.Service/Method` is answered; `streams` when answers stream."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[MaybeHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Give the method's handler, wrapped; an unknown method stays unknown (UNIMPLEMENTED)."""
        method = handler_call_details.method
        if (kept := self._wrapped.get(method)) is not None:
            return kept
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        wrapped = self._wrap(method, behaviour_of(handler), streams=bool(handler.response_streaming))
        parse, write = handler.request_deserializer, handler.response_serializer
        return self._wrapped.setdefault(method, with_behaviour(handler, wrapped, parse=parse, write=write))

    def _wrap(self, method: str, inner: Behaviour, *, streams: bool) -> Behaviour:
        async def answer(request: Any, context: Context) -> Any:
            async with self.around(method, context, streams=streams):
                return await inner(request, context)

        return answer


def behaviour_of(handler: Handler) -> Behaviour:
    """Give the one function that answers this handler's calls."""
    kinds: tuple[Any, ...] = (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
    found: Behaviour = next(each for each in kinds if each is not None)
    return found


def with_behaviour(handler: Handler, behaviour: Behaviour, *, parse: Any, write: Any) -> Handler:
    """Copy a handler, answered by another function, with the given parser and writer of messages (None: bytes)."""
    makers: dict[tuple[bool, bool], Callable[..., Handler]] = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    return makers[bool(handler.request_streaming), bool(handler.response_streaming)](behaviour, parse, write)
