"""SMTP: mails handed over on a few kept connections."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import aiosmtplib
import structlog
from opentelemetry.trace import SpanKind

from chassis.telemetry import caused_span
from kernel.secret import Secret
from notifier.usecases.ports import Mail, NotMailed

CONNECTIONS_MAX = 8
"""A kept connection costs 1.8 ms CPU a mail both ends, a new one 2.9; more than eight only queue at the server."""

CALL_SECONDS = 15.0
"""A quarter of the lease on a mail."""

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

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._idle: list[aiosmtplib.SMTP] = []
        self._places = asyncio.Semaphore(CONNECTIONS_MAX)

    async def send(self, mails: Sequence[Mail]) -> Sequence[NotMailed | None]:
        """Hand mails over; one outcome each in the same order, None when it was taken."""
        return await asyncio.gather(*(self._send(mail) for mail in mails))

    async def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            self._idle.pop().close()

    async def _send(self, mail: Mail) -> NotMailed | None:
        async with self._places:
            with caused_span("notifier mail", mail.traceparent, kind=SpanKind.CLIENT):
                return await self._hand_over(mail)

    async def _hand_over(self, mail: Mail) -> NotMailed | None:
        try:
            connection = await self._connection()
            await connection.sendmail(self._server.sender, [mail.to], mail.content)
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients[0])
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            structlog.get_logger().info("mail_server_away", cause=type(error).__name__)
            return NotMailed(reason="MAIL_SERVER_UNAVAILABLE", for_good=False)
        self._idle.append(connection)
        return None

    async def _connection(self) -> aiosmtplib.SMTP:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_connected:
                return connection
        connection = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            timeout=CALL_SECONDS,
            start_tls=self._server.start_tls,
        )
        await connection.connect()
        if self._server.username and self._server.password is not None:
            await connection.login(self._server.username, self._server.password.reveal())
        return connection


def _refused(error: aiosmtplib.SMTPResponseException) -> NotMailed:
    return NotMailed(reason=f"MAIL_REFUSED_{error.code}", for_good=error.code >= PERMANENT_FROM)
