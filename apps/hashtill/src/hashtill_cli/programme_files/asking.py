"""Asking the server: an answer, or the refusal it gave; a server that is away ends the command."""

import uuid
from collections.abc import Awaitable
from typing import TypeVar

from grpc import aio

from chassis.refusal_status import PEER_UNAVAILABLE, refusal_of
from hashtill.common.v1 import request_context_pb2
from hashtill_cli.calling import sentence_of
from kernel.refusals import Refusal

A = TypeVar("A")


class ServerAwayError(Exception):
    """The server did not answer, or failed; the sentence says what to do."""


async def asked(call: Awaitable[A]) -> A | Refusal:
    """Await a call; raises ServerAwayError when there is nothing in the file to mend."""
    try:
        return await call
    except aio.AioRpcError as error:
        refusal = refusal_of(error)
        if refusal is None or refusal.reason == PEER_UNAVAILABLE:
            raise ServerAwayError(sentence_of(error, service="offers")) from None
        return refusal


def fresh_request() -> request_context_pb2.RequestContext:
    """Make the context of one thing to be done."""
    return request_context_pb2.RequestContext(request_id=str(uuid.uuid4()), actor="operator:hashtill offers apply")
