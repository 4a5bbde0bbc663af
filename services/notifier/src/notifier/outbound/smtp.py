"""SMTP: mails handed over on a few kept connections."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import aiosmtplib
import structlog
from opentelemetry.trace import SpanKind

from chassis.telemetry import caused_span
from kernel.secret import Secret
from notifier.outbound.smtp_session import Reply, SmtpSession, UnsendableAddressError, session_over
from notifier.usecases.ports import Mail, NotMailed

CONNECTIONS_MAX = 8
"""Kept ones: a new connection costs more than a mail; more than eight only queue at the server."""

CALL_SECONDS = 15.0
"""For one mail, a new connection and its login among it: a quarter of the lease on a mail."""

PLACE_SECONDS = 30.0
"""A mail that finds no free connection by then goes back to wait: half of its lease, so that with a slow server no
other lane takes it over and mails it a second time."""

TAKEN = 250

PERMANENT_FROM = 500
"""SMTP reply codes: 4xx may be tried again, 5xx never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mails go."""

    host: str
    port: int
    sender: str
    username: str = ""
    password: Secret[str] | None = None
    start_tls: bool = False


class SmtpMailer:
    """Hands mails over, several at once, each connection one at a time."""

    def __init__(self, server: MailServer, *, place_seconds: float = PLACE_SECONDS) -> None:
        self._server, self._place_seconds = server, place_seconds
        self._idle: list[SmtpSession] = []
        self._places = asyncio.Semaphore(CONNECTIONS_MAX)

    async def send(self, mails: Sequence[Mail]) -> Sequence[NotMailed | None]:
        """Hand mails over; one outcome each in the same order, None when it was taken."""
        return await asyncio.gather(*(self._send(mail) for mail in mails))

    async def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            self._idle.pop().close()

    async def _send(self, mail: Mail) -> NotMailed | None:
        try:
            async with asyncio.timeout(self._place_seconds):
                await self._places.acquire()
        except TimeoutError:
            return NotMailed(reason="MAIL_SERVER_BUSY", for_good=False)
        try:
            with caused_span("notifier mail", mail.traceparent, kind=SpanKind.CLIENT):
                return await self._hand_over(mail)
        finally:
            self._places.release()

    async def _hand_over(self, mail: Mail) -> NotMailed | None:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                reply = await self._say(mail)
        except UnsendableAddressError:
            return NotMailed(reason="ADDRESS_UNSENDABLE", for_good=True)
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error.code)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            structlog.get_logger().info("mail_server_away", cause=type(error).__name__)
            return NotMailed(reason="MAIL_SERVER_UNAVAILABLE", for_good=False)
        return None if reply.code == TAKEN else _refused(reply.code)

    async def _say(self, mail: Mail) -> Reply:
        session = await self._session()
        try:
            reply = await session.send(sender=self._server.sender, to=mail.to, content=mail.content)
        except BaseException:
            session.close()  # half a mail may have been said over it
            raise
        self._idle.append(session)
        return reply

    async def _session(self) -> SmtpSession:
        while self._idle:
            session = self._idle.pop()
            if session.is_open:
                return session
        connection = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            timeout=CALL_SECONDS,
            start_tls=self._server.start_tls,
        )
        await connection.connect()
        if self._server.username and self._server.password is not None:
            await connection.login(self._server.username, self._server.password.reveal())
        if connection.is_ehlo_or_helo_needed:  # without a login nobody has said it, nor heard what is offered
            await connection.ehlo()
        return session_over(connection.transport, pipelining=connection.supports_extension("pipelining"))


def _refused(code: int) -> NotMailed:
    return NotMailed(reason=f"MAIL_REFUSED_{code}", for_good=code >= PERMANENT_FROM)
