"""The one place where a refusal becomes a gRPC status, and where a bug is logged and shown as nothing but an id."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import grpc
import structlog
from google.rpc import status_pb2
from grpc import aio

from chassis.interception import Around, Context
from chassis.outages import is_outage
from chassis.refusal_status import DETAILS_KEY, internal_status, refusal_of, status_of
from kernel.refusals import Refusal, RefusalKind, RefusedError

_CODES = {code.value[0]: code for code in grpc.StatusCode}


OUTAGE = Refusal(
    kind=RefusalKind.BUSY,
    reason="OUTAGE",
    message="What this service works with is away just now; send the same request again.",
)
"""The database, NATS or the like did not answer: nothing the caller did, and a repeat is safe."""


class RefusalInterceptor(Around):
    """Turns RefusedError into its status with ErrorInfo, an outage into UNAVAILABLE, all else into INTERNAL."""

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
    except Exception as error:  # noqa: BLE001 - the edge: whatever a bug raises ends here, logged once
        await _end(context, _outage(method, error) if is_outage(error) else _bug(method))


def _outage(method: str, error: Exception) -> status_pb2.Status:
    cause = str(error).partition("\n")[0]
    structlog.get_logger().warning("call_met_an_outage", method=method, kind=type(error).__name__, cause=cause)
    return status_of(OUTAGE)


def _bug(method: str) -> status_pb2.Status:
    error_id = uuid.uuid4().hex
    structlog.get_logger().exception("call_failed", method=method, error_id=error_id)
    return internal_status(error_id)


async def _end(context: Context, status: status_pb2.Status) -> None:
    trailers = (*(context.trailing_metadata() or ()), (DETAILS_KEY, status.SerializeToString()))
    await context.abort(_CODES[status.code], status.message, trailers)
