"""Framing: bytes of a stream into lines, however the network cuts them, and lines into JSON or a reason to skip."""

import orjson

from gateway.domain.post import SkipReason
from gateway.usecases.network import Frame, Heartbeat, Line

FRAME_BYTES_MAX = 1024 * 1024
"""A post with all its expansions is under 100 kB; ten times that is no post."""


class LineFramer:
    """Gathers bytes into lines; a line beyond FRAME_BYTES_MAX is skipped up to its end and never held."""

    def __init__(self) -> None:
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._overlong = False

    def feed(self, chunk: bytes) -> list[Line]:
        """Take what was read and give the lines it completes."""
        *complete, rest = chunk.split(b"\n")
        lines = [self._complete(piece) for piece in complete]
        self._hold(rest)
        return lines

    def _complete(self, piece: bytes) -> Line:
        self._hold(piece)
        overlong, line = self._overlong, b"".join(self._pending)
        self._pending, self._pending_bytes, self._overlong = [], 0, False
        return SkipReason.TOO_LONG if overlong else line_of(line)

    def _hold(self, piece: bytes) -> None:
        self._pending_bytes += len(piece)
        self._overlong = self._overlong or self._pending_bytes > FRAME_BYTES_MAX
        if self._overlong:
            self._pending.clear()
        elif piece:
            self._pending.append(piece)


def line_of(text: bytes) -> Line:
    """Read one line: empty is a heartbeat, JSON is a frame, anything else is skipped."""
    stripped = text.strip()
    if not stripped:
        return Heartbeat()
    try:
        return Frame(body=orjson.loads(stripped))
    except orjson.JSONDecodeError:
        return SkipReason.NOT_JSON
