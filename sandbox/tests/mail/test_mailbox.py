"""The API over the mails: filters, one mail whole, odd mails, the watch stream, counts and bounds."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import aiohttp
import aiosmtplib
import pytest

from sandbox.mail.headers import read_headers
from sandbox.mail.mailbox import MAILS_A_TAKE_MAX, WATCH_QUEUE_MAX, Envelope, Mailbox
from sandbox.mail.main import MailSink, serve
from sandbox.mail.reading import read_mail
from sandbox.mail.settings import Settings

WHOLE = b"""From: =?utf-8?q?Am=C3=A9x?= <sync@x.test>\r
To: ada@y.test\r
Subject: Your\r
 receipt\r
Message-ID: <m1@x.test>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=utf-8\r
\r
Order: https://x.test/orders/1.\r
--b\r
Content-Type: text/html; charset=utf-8\r
\r
<a class="x" href="https://x.test/confirm?a=1&amp;b=2">Confirm</a>\r
--b\r
Content-Type: application/pdf; name="terms.pdf"\r
Content-Disposition: attachment; filename="terms.pdf"\r
\r
PDF\r
--b--\r
"""
ODD = [
    b"",
    b"\r\n",
    b"no header at all",
    b"\xff\xfe\x00\x01" * 50,
    b"Subject: =?nonsense?b?!!!!?=\r\nFrom: =?utf-8?b?w?=\r\n\r\nx",
    b"Subject: =?utf-7?q?+2AA-?=\r\nFrom: =?unicode_escape?q?=5Cud800?=\r\n\r\nhalf a character is no JSON",
    b"Content-Type: text/plain; charset=utf-7\r\n\r\n+2AA-",
    b"Content-Type: text/html; charset=unicode_escape\r\n\r\n\\ud800",
    b"Content-Type: text/plain; charset=klingon\r\n\r\n\xe9",
    b"Content-Type: text/html; charset*=x'y'%ff\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!not base64",
    b"Content-Type: multipart/mixed\r\n\r\nno boundary",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b",
    b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA",
    b"Content-Disposition: attachment; filename*=utf-8''%zz%ff; filename*1*=x\r\n\r\nx",
    b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 666 x\r\n\x80\x81",
    b"Subject: " + b"x\r\n " * 30_000 + b"\r\n\r\n",
    b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2_000)),
]


async def send(sink: MailSink, raw: bytes, *, to: str = "ada@y.test") -> None:
    async with aiosmtplib.SMTP(hostname=sink.smtp_host, port=sink.smtp_port, start_tls=False) as client:
        await client.sendmail("sync@x.test", [to], raw)


async def get(api: aiohttp.ClientSession, path: str) -> Any:
    async with api.get(path) as response:
        assert response.status == 200
        return await response.json()


async def test_one_mail_shows_headers_parts_links_and_attachments(sink: MailSink, api: aiohttp.ClientSession) -> None:
    await send(sink, WHOLE)

    mail = await get(api, "/api/mails/1")

    assert (mail["subject"], mail["from"]) == ("Your receipt", "Améx <sync@x.test>")
    assert mail["to"] == ["ada@y.test"]
    assert mail["links"] == ["https://x.test/confirm?a=1&b=2", "https://x.test/orders/1"]
    assert mail["attachments"] == [{"name": "terms.pdf", "type": "application/pdf", "size_bytes": 3}]
    assert "Order:" in mail["text"]
    assert "Confirm" in mail["html"]


async def test_the_html_of_a_mail_is_served_under_a_sandboxing_policy(
    sink: MailSink, api: aiohttp.ClientSession
) -> None:
    await send(sink, WHOLE)

    async with api.get("/api/mails/1/html") as response:
        policy = response.headers["Content-Security-Policy"]
        html = await response.text()

    assert policy.startswith("sandbox")
    assert "allow-scripts" not in policy
    assert "Confirm" in html


async def test_mails_are_found_by_recipient_message_id_subject_and_since(
    sink: MailSink, api: aiohttp.ClientSession
) -> None:
    await send(sink, WHOLE)
    await send(sink, b"Subject: Shipped\r\nMessage-ID: <m2@x.test>\r\n\r\nx", to="Bob@y.test")

    async def ids(query: str) -> list[int]:
        return [mail["id"] for mail in (await get(api, f"/api/mails?{query}"))["mails"]]

    assert await ids("") == [2, 1]
    assert await ids("to=bob@Y.test") == [2]
    assert await ids("message_id=m1@x.test") == [1]
    assert await ids("message_id=%3Cm2@x.test%3E") == [2]
    assert await ids("subject=RECEIPT") == [1]
    assert await ids("since=1") == [2]
    assert await ids("limit=1") == [2]


@pytest.mark.parametrize("raw", ODD)
async def test_an_odd_mail_is_kept_and_read_without_an_error(
    sink: MailSink, api: aiohttp.ClientSession, raw: bytes
) -> None:
    await send(sink, raw)

    summaries = (await get(api, "/api/mails"))["mails"]
    whole = await get(api, "/api/mails/1")
    async with api.get("/api/mails/1/html") as html, api.get("/api/mails/1/raw") as kept:
        assert (html.status, kept.status) == (200, 200)

    assert len(summaries) == 1
    assert isinstance(whole["text"], str)


@pytest.mark.parametrize("raw", ODD)
def test_an_odd_mail_as_bare_bytes_is_read_too(raw: bytes) -> None:
    assert isinstance(read_mail(raw)["headers"], list)
    assert isinstance(read_headers(raw).subject, str)


async def test_the_count_of_a_message_id_that_came_again_is_shown(sink: MailSink, api: aiohttp.ClientSession) -> None:
    for _ in range(3):
        await send(sink, WHOLE)

    assert [mail["arrivals"] for mail in (await get(api, "/api/mails"))["mails"]] == [3, 3, 3]
    counts = await get(api, "/api/counts")
    assert (counts["accepted"], counts["repeated"], counts["kept"]) == (3, 2, 3)


async def test_the_watch_stream_tells_of_each_accepted_mail(sink: MailSink, api: aiohttp.ClientSession) -> None:
    async with api.get("/sandbox/watch") as stream, asyncio.timeout(10):
        for _ in range(3):
            await send(sink, WHOLE)
        lines = [json.loads(await stream.content.readline()) for _ in range(3)]

    assert [line["id"] for line in lines] == [1, 2, 3]
    assert lines[0]["message_id"] == "<m1@x.test>"


async def test_a_stop_ends_open_streams_and_connections() -> None:
    stop = asyncio.Event()
    served = asyncio.create_task(serve(Settings(), stop))

    stop.set()
    async with asyncio.timeout(5):
        await served

    assert served.exception() is None


async def test_a_watcher_sees_the_end_when_the_sink_stops(sink: MailSink, api: aiohttp.ClientSession) -> None:
    async with api.get("/sandbox/watch") as stream, asyncio.timeout(10):
        await sink.stop()

        assert await stream.content.read() == b""


async def test_a_watcher_too_far_behind_is_let_go() -> None:
    box = Mailbox(mails_max=1, bytes_max=1)
    watcher = box.watch()
    mail = box.accept(Envelope(sender="a@x.test", recipients=("b@y.test",)), b"x", at=datetime.now(UTC))

    for _ in range(WATCH_QUEUE_MAX - 1):
        watcher.put(mail)
    lost_when_full = watcher.lost
    watcher.put(mail)

    assert (lost_when_full, watcher.lost) == (False, True)
    assert await watcher.take() == [mail] * MAILS_A_TAKE_MAX


async def test_the_oldest_mails_leave_by_count_and_by_size() -> None:
    box = Mailbox(mails_max=3, bytes_max=250)
    envelope = Envelope(sender="a@x.test", recipients=("b@y.test",))

    for _ in range(5):
        box.accept(envelope, b"x" * 100, at=datetime.now(UTC))

    assert [mail.number for mail in box.newest_first()] == [5, 4]
    assert (box.kept_bytes, box.accepted_count, box.find(1)) == (200, 5, None)


@pytest.mark.parametrize("path", ["/api/mails/9", "/nothing"])
async def test_what_is_not_there_is_a_404_in_json(api: aiohttp.ClientSession, path: str) -> None:
    async with api.get(path) as response:
        assert response.status == 404
        assert (await response.json())["error"]["message"]


@pytest.mark.parametrize("path", ["/api/mails/x", "/api/mails?since=-1", "/api/mails?limit=" + "9" * 5_000])
async def test_a_number_that_is_none_is_a_400(api: aiohttp.ClientSession, path: str) -> None:
    async with api.get(path) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    "fault",
    [
        [],
        {},
        {"kind": "explode"},
        {"kind": "refuse", "code": 250},
        {"kind": "drop", "count": 0},
        {"kind": "drop", "x": 1},
    ],
)
async def test_a_fault_that_makes_no_sense_is_a_400(api: aiohttp.ClientSession, fault: object) -> None:
    async with api.post("/sandbox/faults", json=fault) as response:
        assert response.status == 400


async def test_faults_are_disarmed_mails_cleared_and_the_page_served(
    sink: MailSink, api: aiohttp.ClientSession
) -> None:
    await send(sink, WHOLE)
    async with api.post("/sandbox/faults", json={"kind": "drop"}), api.delete("/sandbox/faults") as faults:
        assert await faults.json() == {"faults": []}
    async with api.delete("/api/mails"), api.get("/") as page:
        assert "Mailbox" in await page.text()

    assert (await get(api, "/api/mails"))["mails"] == []
