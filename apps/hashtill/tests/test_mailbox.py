"""The mailbox, from outside: a mail that was handed over twice is one mail that arrived twice."""

from email.message import EmailMessage

import aiohttp
import aiosmtplib

from hashtill_cli.scenarios.world.mailbox import Mailbox
from sandbox.mail.main import start
from sandbox.mail.settings import Settings

ADA = "ada@mail.example"


def mail(message_id: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "sync@mail.example", ADA, "Your receipt"
    message["Message-ID"] = message_id
    message.set_content("Thank you.")
    return message


async def test_a_repeated_mail_is_one_that_arrived_twice() -> None:
    sink = await start(Settings())
    async with aiosmtplib.SMTP(hostname=sink.smtp_host, port=sink.smtp_port, start_tls=False) as client:
        for message_id in ("<first@mail.example>", "<second@mail.example>", "<first@mail.example>"):
            await client.send_message(mail(message_id))

    async with aiohttp.ClientSession() as session:
        found = await Mailbox(session, sink.url).mails(ADA)
    await sink.stop()

    assert sorted(each.arrivals for each in found) == [1, 2]
