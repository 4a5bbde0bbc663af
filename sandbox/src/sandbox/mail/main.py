"""Join the mail sink's parts and serve SMTP and HTTP until told to stop."""

import asyncio
import logging
from dataclasses import dataclass

from aiohttp import web

from sandbox.mail.faults import Faults
from sandbox.mail.http_api import MailApi, errors_as_json
from sandbox.mail.mailbox import Mailbox
from sandbox.mail.settings import Settings
from sandbox.mail.smtp import SmtpConnection

BACKLOG = 1_024  # clients that connect at once under load
SHUTDOWN_SECONDS = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSink:
    """A running mail sink: where it listens, and how to stop it."""

    url: str
    smtp_host: str
    smtp_port: int
    runner: web.AppRunner
    smtp: asyncio.Server
    connections: set[SmtpConnection]
    mailbox: Mailbox

    async def stop(self) -> None:
        """Close both ports and every connection."""
        self.mailbox.close()
        self.smtp.close()
        for connection in list(self.connections):
            connection.hang_up()
        await self.smtp.wait_closed()
        await self.runner.cleanup()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    sink = await start(settings)
    logger.info("mail_ready smtp://%s:%d %s", sink.smtp_host, sink.smtp_port, sink.url)
    try:
        await stop.wait()
    finally:
        await sink.stop()


async def start(settings: Settings) -> MailSink:
    """Open both ports; port 0 takes a free one."""
    mailbox = Mailbox(mails_max=settings.mails_max, bytes_max=settings.bytes_max)
    faults, connections = Faults(), set[SmtpConnection]()
    app = web.Application(middlewares=[errors_as_json])
    app.add_routes(MailApi(mailbox=mailbox, faults=faults).routes())
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    await web.TCPSite(runner, *_host_and_port(settings.listen)).start()
    smtp = await asyncio.get_running_loop().create_server(
        lambda: SmtpConnection(mailbox=mailbox, faults=faults, connections=connections),
        *_host_and_port(settings.smtp_listen),
        backlog=BACKLOG,
    )
    http_host, http_port = runner.addresses[0][:2]
    smtp_host, smtp_port = smtp.sockets[0].getsockname()[:2]
    return MailSink(
        url=f"http://{http_host}:{http_port}",
        smtp_host=smtp_host,
        smtp_port=smtp_port,
        runner=runner,
        smtp=smtp,
        connections=connections,
        mailbox=mailbox,
    )


def _host_and_port(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    return host, int(port)
