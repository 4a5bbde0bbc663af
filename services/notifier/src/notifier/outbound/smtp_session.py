"""An SMTP session after its login: mails handed over with pipelining (RFC 2920), two round trips instead of four."""

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from typing import cast

REPLY_BYTES_MAX = 16 * 1024
"""A server's answer is a line or a few; one that never ends is no mail server's."""

_OK, _GO_ON = 250, 354
_ACCEPTED = frozenset({250, 251})

_SENDABLE = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
"""Printable ASCII without brackets: what ends a command or begins another cannot be smuggled in."""


class SessionLostError(ConnectionError):
    """The connection ended, or what came over it was no SMTP."""


class UnsendableAddressError(ValueError):
    """No mail can go there: the address is none that SMTP could carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the server said."""

    code: int


class SmtpSession(asyncio.Protocol):
    """Takes over a connection that is greeted and logged in; one mail at a time."""

    def __init__(self, transport: asyncio.Transport, *, pipelining: bool) -> None:
        self._transport, self._pipelining = transport, pipelining
        self._buffer = bytearray()
        self._replies: deque[Reply] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._lost = False
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether a mail may be tried over it."""
        return not self._lost and not self._transport.is_closing()

    def close(self) -> None:
        """End it."""
        self._transport.close()

    async def send(self, *, sender: str, to: str, content: bytes) -> Reply:
        """Hand one mail over and give the reply that decided, 250 when it was taken. Raises SessionLostError."""
        envelope = (f"MAIL FROM:<{_address(sender)}>", f"RCPT TO:<{_address(to)}>", "DATA")
        refused, last = await self._envelope(envelope)
        if last is not None and last.code == _GO_ON:
            self._write(_stuffed(content) if refused is None else b".\r\n")
            last = await self._reply()
        elif refused is not None or last is None or last.code >= _GO_ON:
            self._write(b"RSET\r\n")
            await self._reply()
        return refused or last or Reply(code=_OK)

    async def _envelope(self, commands: tuple[str, ...]) -> tuple[Reply | None, Reply | None]:
        """Say who to whom; gives the first refusal, and the reply to DATA where it was said."""
        if self._pipelining:
            self._write("".join(f"{command}\r\n" for command in commands).encode("ascii"))
            replies = [await self._reply() for _ in commands]
            refused = next((reply for reply in replies[:-1] if reply.code not in _ACCEPTED), None)
            return refused, replies[-1]
        for command in commands:
            self._write(f"{command}\r\n".encode("ascii"))
            reply = await self._reply()
            if command != "DATA" and reply.code not in _ACCEPTED:
                return reply, None
        return None, reply

    def data_received(self, data: bytes) -> None:
        """Take what the server says."""
        self._buffer += data
        while (reply := self._next_reply()) is not None:
            self._replies.append(reply)
        if len(self._buffer) > REPLY_BYTES_MAX:
            self._transport.abort()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Let whoever waits know."""
        self._lost = True
        self._wake()

    def _next_reply(self) -> Reply | None:
        """Take one whole reply off the buffer; its last line has a space behind the code."""
        begin = 0
        while (end := self._buffer.find(b"\n", begin)) >= 0:
            line = bytes(self._buffer[begin:end]).rstrip()
            begin = end + 1
            if line[3:4] != b"-":
                del self._buffer[:begin]
                return self._read(line)
        return None

    def _read(self, line: bytes) -> Reply:
        if not line[:3].isdigit():
            self._transport.abort()
            return Reply(code=0)
        return Reply(code=int(line[:3]))

    async def _reply(self) -> Reply:
        while not self._replies:
            if self._lost:
                raise SessionLostError("The mail server hung up.")
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self._replies.popleft()

    def _write(self, data: bytes) -> None:
        if not self.is_open:
            raise SessionLostError("The mail server hung up.")
        self._transport.write(data)

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def session_over(transport: asyncio.BaseTransport | None, *, pipelining: bool) -> SmtpSession:
    """Take a logged-in connection over."""
    if transport is None:
        raise SessionLostError("The mail server hung up.")
    return SmtpSession(cast("asyncio.Transport", transport), pipelining=pipelining)


def _stuffed(content: bytes) -> bytes:
    """End the mail by a dot on its own line, and double the dots that begin lines of its own."""
    lines = content.replace(b"\r\n.", b"\r\n..")
    first = b"." if lines.startswith(b".") else b""
    last = b"" if lines.endswith(b"\r\n") else b"\r\n"
    return b"".join((first, lines, last, b".\r\n"))


def _address(address: str) -> str:
    """Give an address as a command takes it: ASCII without spaces, controls or brackets."""
    if _SENDABLE.fullmatch(address) is None:
        raise UnsendableAddressError("The address is none that SMTP could carry.")
    return address
