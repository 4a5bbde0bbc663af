"""Idempotency: a repeated request id gets the first answer; with other contents it is refused (AIP-155)."""

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import execute_unnest, fetch_unnest
from kernel.refusals import Refusal, RefusalKind

REQUEST_ID_REUSED = "REQUEST_ID_REUSED"

_CLAIM = """
INSERT INTO idempotency (scope, request_id, request_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true
"""
_READ = "SELECT request_hash, response FROM idempotency WHERE scope = $1 AND request_id = $2"
_ANSWER = "UPDATE idempotency SET response = $3 WHERE scope = $1 AND request_id = $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstTime:
    """This request was not seen before: do it, then `answer` in the same transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """This request was done: give these bytes again (the response message, serialised)."""

    response: bytes


Claim: TypeAlias = FirstTime | Repeated | Refusal


class PostgresRequests:
    """Request ids of one transaction, within a scope (the RPC's name, with the caller where callers differ)."""

    def __init__(self, connection: AsyncConnection, *, scope: str) -> None:
        self._connection, self._scope = connection, scope

    async def claim(self, request_id: str, *, contents: bytes) -> Claim:
        """Take a request id before the work; a copy in flight is waited for. `contents`: `contents_of(request)`."""
        if await fetch_unnest(self._connection, _CLAIM, self._scope, request_id, contents):
            return FirstTime()
        row = (await fetch_unnest(self._connection, _READ, self._scope, request_id))[0]
        return repeat_of(request_id, known=row["request_hash"], given=contents, response=row["response"])

    async def answer(self, request_id: str, response: bytes) -> None:
        """Keep the answer for repeats."""
        await execute_unnest(self._connection, _ANSWER, self._scope, request_id, response)


def contents_of(request: Message) -> bytes:
    """Hash a request so that equal contents are equal bytes."""
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()


def repeat_of(request_id: str, *, known: bytes, given: bytes, response: bytes | None) -> Claim:
    """Decide what a known request id means."""
    if known == given:
        return Repeated(response=response or b"")
    return Refusal(
        kind=RefusalKind.CONFLICT,
        reason=REQUEST_ID_REUSED,
        message="This request_id was used with other contents; use a new one for a new request.",
        facts={"request_id": request_id},
    )
