"""The SMTP conversation: what clients rely on, what is refused, and what faults do to it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

import aiohttp
import aiosmtplib
import pytest

from sandbox.mail.faults import Faults
from sandbox.mail.mailbox import Mailbox
from sandbox.mail.main import MailSink
from sandbox.mail.smtp import IDLE_SECONDS, SmtpConnection

SLOW_MILLISECONDS = 50


@asynccontextmanager
async def connected(sink: MailSink) -> AsyncIterator[aiosmtplib.SMTP]:
    client = aiosmtplib.SMTP(hostname=sink.smtp_host, port=sink.smtp_port, use_tls=False, start_tls=False)
    await client.connect()
    yield client
    client.close()


def mail(message_id: str = "<m@x.test>") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "AmexSync <sync@x.test>"
    message["To"] = "ada@y.test"
    message["Subject"] = "Your receipt"
    message["Message-ID"] = message_id
    message.set_content("Thank you.\n..two dots\n.\nend")
    return message


async def listed(api: aiohttp.ClientSession, **query: str) -> list[dict[str, Any]]:
    async with api.get("/api/mails", params=query) as response:
        return list((await response.json())["mails"])


async def arm(api: aiohttp.ClientSession, **fault: object) -> None:
    async with api.post("/sandbox/faults", json=fault) as response:
        assert response.status == 200


async def talk(sink: MailSink, said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(sink.smtp_host, sink.smtp_port)
    writer.write(said)
    async with asyncio.timeout(10):
        heard = await reader.read()
    writer.close()
    return heard


async def test_a_kept_connection_delivers_many_mails(sink: MailSink, api: aiohttp.ClientSession) -> None:
    async with connected(sink) as client:
        for number in range(20):
            await client.send_message(mail(f"<{number}@x.test>"))

    assert len(await listed(api)) == 20


async def test_the_server_names_its_extensions(sink: MailSink) -> None:
    async with connected(sink) as client:
        await client.ehlo()

        for extension in ("pipelining", "8bitmime", "smtputf8", "size"):
            assert client.supports_extension(extension)


async def test_dots_at_the_start_of_a_line_survive(sink: MailSink, api: aiohttp.ClientSession) -> None:
    async with connected(sink) as client:
        await client.send_message(mail())

    async with api.get("/api/mails/1") as response:
        text = (await response.json())["text"]
    assert text.splitlines() == ["Thank you.", "..two dots", ".", "end"]


async def test_a_pipelined_conversation_in_one_packet_is_answered_whole(sink: MailSink) -> None:
    one = b"MAIL FROM:<a@x.test> BODY=8BITMIME\r\nRCPT TO:<b@y.test>\r\nDATA\r\n..\r\n.\r\n"

    heard = await talk(sink, b"EHLO x\r\n" + one + one + b"NOOP\r\nRSET\r\nVRFY ada\r\nQUIT\r\n")

    codes = [line[:3] for line in heard.splitlines() if line[3:4] == b" "]
    assert codes == [b"220", b"250", *[b"250", b"250", b"354", b"250"] * 2, b"250", b"250", b"252", b"221"]


async def test_a_mail_that_comes_byte_by_byte_is_taken_whole(sink: MailSink, api: aiohttp.ClientSession) -> None:
    reader, writer = await asyncio.open_connection(sink.smtp_host, sink.smtp_port)

    for byte in b"MAIL FROM:<>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nSubject: slow\r\n\r\n.\r\nQUIT\r\n":
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    await reader.read()
    writer.close()

    assert (await listed(api))[0]["subject"] == "slow"


async def test_an_address_beyond_ascii_works(sink: MailSink, api: aiohttp.ClientSession) -> None:
    async with connected(sink) as client:
        await client.sendmail(
            "a@x.test", ["zoë@y.test"], "Subject: grüß\r\n\r\nhi\r\n".encode(), mail_options=["SMTPUTF8"]
        )

    found = await listed(api, to="ZOË@y.test")
    assert [each["subject"] for each in found] == ["grüß"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"LUNCH\r\n", b"500"),
        (b"RCPT TO:<b@y.test>\r\n", b"503"),
        (b"DATA\r\n", b"503"),
        (b"MAIL FROM:<a@x.test>\r\nDATA\r\n", b"503"),
        (b"MAIL FROM:<a@x.test>\r\nMAIL FROM:<a@x.test>\r\n", b"503"),
        (b"MAIL FROM:a@x.test\r\n", b"501"),
        (b"MAIL TO:<a@x.test>\r\n", b"501"),
        (b"MAIL FROM:<no-at-sign>\r\n", b"501"),
        (b"MAIL FROM:<a@x.test>\r\nRCPT TO:<>\r\n", b"501"),
        (b"MAIL FROM:<a@x.test> SIZE=99999999\r\n", b"552"),
        (b"MAIL FROM:<a@x.test>\r\n" + b"RCPT TO:<b@y.test>\r\n" * 101, b"452"),
        (b"\xff\xfe\x00\r\n", b"500"),
    ],
)
async def test_what_cannot_be_followed_is_refused_by_code(sink: MailSink, said: bytes, code: bytes) -> None:
    heard = await talk(sink, said + b"QUIT\r\n")

    assert heard.splitlines()[-2][:3] == code


async def test_a_line_without_an_end_is_cut_off(sink: MailSink) -> None:
    heard = await talk(sink, b"x" * 3_000)

    assert heard.splitlines()[-1].startswith(b"500")


async def test_a_mail_above_the_size_is_refused_and_the_next_one_is_taken(
    sink: MailSink, api: aiohttp.ClientSession
) -> None:
    envelope = b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n"

    heard = await talk(sink, envelope + b"x" * (11 * 1024 * 1024) + b"\r\n.\r\n" + envelope + b"small\r\n.\r\nQUIT\r\n")

    assert [line[:3] for line in heard.splitlines()][4:5] == [b"552"]
    assert len(await listed(api)) == 1


@pytest.mark.parametrize(("stage", "code"), [("mail", 421), ("rcpt", 550), ("data", 451), ("data", 554)])
async def test_an_armed_refusal_strikes_the_next_n(
    sink: MailSink, api: aiohttp.ClientSession, stage: str, code: int
) -> None:
    await arm(api, kind="refuse", stage=stage, code=code, count=1)

    async with connected(sink) as client:
        with pytest.raises((aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused)) as refused:
            await client.send_message(mail())
    async with connected(sink) as client:
        await client.send_message(mail())

    assert str(code) in repr(refused.value)
    assert len(await listed(api)) == 1


async def test_a_drop_keeps_the_mail_and_withholds_the_250(sink: MailSink, api: aiohttp.ClientSession) -> None:
    await arm(api, kind="drop")

    async with connected(sink) as client:
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await client.send_message(mail())
    async with connected(sink) as client:
        await client.send_message(mail())

    assert [each["arrivals"] for each in await listed(api)] == [2, 2]


async def test_a_slow_answer_is_late_and_then_normal(sink: MailSink, api: aiohttp.ClientSession) -> None:
    await arm(api, kind="slow", milliseconds=SLOW_MILLISECONDS)
    began = time.monotonic()

    async with connected(sink) as client:
        await client.send_message(mail())

    assert time.monotonic() - began >= SLOW_MILLISECONDS / 1_000
    assert len(await listed(api)) == 1


class Wire(asyncio.Transport):
    """A client's end that only notes whether it was torn."""

    torn = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def is_closing(self) -> bool:
        return self.torn

    def abort(self) -> None:
        self.torn = True


@pytest.mark.parametrize(("says", "torn"), [(b"NOOP\r\n", False), (b"", True)])
async def test_only_a_client_that_says_nothing_for_its_idle_time_is_torn(says: bytes, *, torn: bool) -> None:
    wire = Wire()
    connection = SmtpConnection(mailbox=Mailbox(mails_max=1, bytes_max=1), faults=Faults(), connections=set())
    connection.connection_made(wire)
    connection._heard_at -= IDLE_SECONDS

    connection.data_received(says)
    connection._end_when_idle()

    assert wire.torn is torn
    connection.connection_lost(None)
