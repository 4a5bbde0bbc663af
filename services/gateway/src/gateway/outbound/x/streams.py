"""The two streams of X: connect, hear every line or heartbeat, and fail loudly instead of hanging."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from gateway.domain.arrivals import Stream
from gateway.domain.backoff import Failure, FailureKind
from gateway.outbound.x.api import CONNECT_SECONDS, CONNECTION_ERRORS, OK_BELOW, XApi, fields_of, lost
from gateway.outbound.x.fields import POST_FIELDS
from gateway.outbound.x.framing import LineFramer
from gateway.outbound.x.problems import in_band_failure
from gateway.usecases.network import Frame, Line, NetworkFailedError


@dataclass(frozen=True, slots=True, kw_only=True)
class XStream:
    """One stream; `silence_seconds_max` without a byte ends it: X sends an empty line every 20 s at the latest."""

    stream: Stream
    api: XApi
    path: str
    params: Mapping[str, str]
    endpoint: str
    silence_seconds_max: float

    @asynccontextmanager
    async def connect(self, *, backfill_minutes: int) -> AsyncIterator[AsyncIterator[Sequence[Line]]]:
        """Open a connection; raises NetworkFailedError when X refuses, and so does reading when it ends."""
        params = dict(self.params) | ({"backfill_minutes": str(backfill_minutes)} if backfill_minutes else {})
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=self.silence_seconds_max)
        try:
            async with self.api.session.get(
                self.api.url(self.path), params=params, headers=await self.api.headers(), timeout=timeout
            ) as answer:
                self.api.forget_bearer(answer.status)
                if answer.status >= OK_BELOW:
                    await fields_of(answer)
                yield _lines(answer, silence_seconds_max=self.silence_seconds_max)
        except CONNECTION_ERRORS as error:
            raise NetworkFailedError(lost(error)) from error

    async def free_connections(self) -> None:
        """Have X end connections of ours that it still counts."""
        await self.api.call("DELETE", f"/2/connections/{self.endpoint}")


def filtered_stream(api: XApi, *, silence_seconds_max: float) -> XStream:
    """Make the stream of posts that match the rules."""
    return XStream(
        stream=Stream.FILTERED,
        api=api,
        path="/2/tweets/search/stream",
        params=POST_FIELDS,
        endpoint="filtered_stream",
        silence_seconds_max=silence_seconds_max,
    )


def activity_stream(api: XApi, *, silence_seconds_max: float) -> XStream:
    """Make the stream of events of subscribed accounts; X has no endpoint name to end only its connections."""
    return XStream(
        stream=Stream.ACTIVITY,
        api=api,
        path="/2/activity/stream",
        params={},
        endpoint="all",
        silence_seconds_max=silence_seconds_max,
    )


async def _lines(answer: aiohttp.ClientResponse, *, silence_seconds_max: float) -> AsyncIterator[Sequence[Line]]:
    """Give lines until the connection ends, which is always a failure: a stream has no end of its own."""
    framer = LineFramer()
    while True:
        async with asyncio.timeout(silence_seconds_max):
            chunk = await answer.content.readany()
        if not chunk:
            raise NetworkFailedError(Failure(kind=FailureKind.NETWORK, detail="the stream was closed"))
        if lines := framer.feed(chunk):
            good, failure = _until_failure(lines)
            if good:
                yield good
            if failure is not None:
                raise NetworkFailedError(failure)


def _until_failure(lines: list[Line]) -> tuple[list[Line], Failure | None]:
    """Take the lines before an in-band error frame, and that error."""
    for index, line in enumerate(lines):
        failure = in_band_failure(line.body) if isinstance(line, Frame) else None
        if failure is not None:
            return lines[:index], failure
    return lines, None
