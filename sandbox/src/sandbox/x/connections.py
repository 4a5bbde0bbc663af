"""Open streams: how many each endpoint allows, what X tells of them, and how they are ended."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sandbox.x.connection import Connection, Ending, disconnect_frame
from sandbox.x.faults import Endpoint, Faults
from sandbox.x.fields import Fields
from sandbox.x.problems import Problem, ProblemError, connection_refused
from sandbox.x.writing import time_json

HISTORY_MAX = 100
"""X tells of the last connections only; a page of them is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastConnection:
    """What is told of one connection; open while `closed_unix_ms` is None."""

    id: str
    endpoint: Endpoint
    opened_unix_ms: int
    closed_unix_ms: int | None = None

    def as_json(self) -> dict[str, str]:
        """Write it as X does."""
        ended = {} if self.closed_unix_ms is None else {"disconnected_at": time_json(self.closed_unix_ms)}
        opened = time_json(self.opened_unix_ms)
        return {"id": self.id, "endpoint_name": self.endpoint, "connected_at": opened, **ended}


class Connections:
    """All connections of the app."""

    def __init__(self, *, connections_max: int, heartbeat_seconds: float, faults: Faults) -> None:
        self._connections_max = connections_max
        self._heartbeat_seconds = heartbeat_seconds
        self._faults = faults
        self._open: dict[str, Connection] = {}
        self._told: deque[PastConnection] = deque(maxlen=HISTORY_MAX)

    def at(self, endpoint: Endpoint) -> Sequence[Connection]:
        """Give the open connections of a stream."""
        return [connection for connection in self._open.values() if connection.endpoint is endpoint]

    def all(self) -> Sequence[Connection]:
        """Give every open connection."""
        return list(self._open.values())

    def with_id(self, connection_id: str) -> Connection | None:
        """Find an open one."""
        return self._open.get(connection_id)

    def history(self) -> Iterator[PastConnection]:
        """Walk the last connections, newest first."""
        return reversed(self._told)

    @contextmanager
    def opened(self, endpoint: Endpoint, fields: Fields, *, now: float) -> Iterator[Connection]:
        """Open a connection for as long as its reader stays, or refuse; `now` is the loop's time."""
        if now < self._faults.streams[endpoint].refused_until:
            detail = "Service Unavailable"
            raise ProblemError(Problem(status=503, title="Service Unavailable", detail=detail))
        if len(self.at(endpoint)) >= self._connections_max:
            detail = "This stream is currently at the maximum allowed connection limit."
            raise connection_refused(429, issue="TooManyConnections", detail=detail)
        connection = Connection(
            endpoint=endpoint, fields=fields, heartbeat_seconds=self._heartbeat_seconds, faults=self._faults
        )
        self._open[connection.id] = connection
        self._told.append(PastConnection(id=connection.id, endpoint=endpoint, opened_unix_ms=_now_ms()))
        try:
            yield connection
        finally:
            self._forget(connection)

    def end(self, connections: Sequence[Connection], ending: Ending) -> None:
        """End these; each also frees its place at once, as X's own kill does."""
        for connection in connections:
            connection.end(ending)
            self._forget(connection)

    def end_by_force(self, connections: Sequence[Connection]) -> None:
        """End these the way `DELETE /2/connections` does, with a word in-band."""
        self.end(
            connections, Ending(frame=disconnect_frame("ForceDisconnect", "This connection was ended by its app."))
        )

    def _forget(self, connection: Connection) -> None:
        if self._open.pop(connection.id, None) is None:
            return
        for place, past in enumerate(self._told):
            if past.id == connection.id:
                self._told[place] = replace(past, closed_unix_ms=_now_ms())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
