"""A mail server that takes its time: what it does not get to goes back."""

import asyncio

from chassis.data_testing import until
from notifier.outbound.smtp import CONNECTIONS_MAX, MailServer, SmtpMailer
from notifier.usecases.ports import Mail, NotMailed


def mail(number: int) -> Mail:
    return Mail(to="c@d.example", message_id=f"<{number}@b>", content=b"hello\r\n")


async def test_what_finds_no_free_connection_goes_back_and_is_not_handed_over_later() -> None:
    silent: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: silent.append(writer), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    mailer = SmtpMailer(MailServer(host=host, port=port, sender="a@b.example"), place_seconds=0)

    async def all_connected() -> bool:
        return len(silent) == CONNECTIONS_MAX

    async with server:
        sending = asyncio.create_task(mailer.send([mail(number) for number in range(20)]))
        await until(all_connected)
        for writer in silent:
            writer.close()
        outcomes = await sending

    busy = NotMailed(reason="MAIL_SERVER_BUSY", for_good=False)
    assert outcomes.count(busy) == 20 - CONNECTIONS_MAX
    assert len(silent) == CONNECTIONS_MAX
