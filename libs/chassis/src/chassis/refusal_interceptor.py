"""The one place where a refusal becomes a gRPC status, and where a bug is logged and shown as nothing but an id."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import grpc
import structlog
from google.rpc import status_pb2
from grpc import aio

from chassis.interception import Around, Context
from chassis.refusal_status import DETAILS_KEY, internal_status, refusal_of, status_of
from kernel.refusals import RefusedError

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class RefusalInterceptor(Around):
    """Turns RefusedError into its status with ErrorInfo, a peer's failure into UNAVAILABLE, all else into INTERNAL."""

    def around(
        self,
        method: str,
        context: Context,
        *,
        streams: bool,  # noqa: ARG002 - a stream ends with its status as a single answer does
    ) -> AbstractAsyncContextManager[None]:
        """Catch what the call raises."""
        return _translated(method, context)


@asynccontextmanager
async def _translated(method: str, context: Context) -> AsyncIterator[None]:
    try:
        yield
    except RefusedError as refused:
        await _end(context, status_of(refused.refusal))
    except aio.AbortError:
        raise
    except aio.AioRpcError as error:
        refusal = refusal_of(error)
        await _end(context, status_of(refusal) if refusal else _bug(method))
    except Exception:  # noqa: BLE001 - the edge: whatever a bug raises ends here, logged once
        await _end(context, _bug(method))


def _bug(method: str) -> status_pb2.Status:
    error_id = uuid.uuid4().hex
    structlog.get_logger().exception("call_failed", method=method, error_id=error_id)
    return internal_status(error_id)


async def _end(context: Context, status: status_pb2.Status) -> None:
    trailers = (*(context.trailing_metadata() or ()), (DETAILS_KEY, status.SerializeToString()))
    await context.abort(_CODES[status.code], status.message, trailers)
