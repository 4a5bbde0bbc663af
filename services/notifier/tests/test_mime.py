"""Mails as they travel, read back by Python's own reader."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html import unescape

import pytest

from notifier.outbound.mime import Letter, written

LETTER = Letter(
    sender_name="Amex Sync",
    sender="sync@program.example",
    to_name="Ann Example",
    to="ann@mail.example",
    subject="Your receipt",
    message_id="<1@program.example>",
    written_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
    text="Hello,\n.\nthat is =3D all.",
    html="<p>Hello</p>",
    mark="0a1b",
)


def test_a_mail_reads_back_as_it_was_written() -> None:
    read = _read(LETTER)

    assert (read["From"], read["To"]) == ("Amex Sync <sync@program.example>", "Ann Example <ann@mail.example>")
    assert (read["Subject"], read["Message-ID"]) == ("Your receipt", "<1@program.example>")
    assert read["Date"].datetime == LETTER.written_at
    assert _part(read, "plain") == "Hello,\n.\nthat is =3D all."
    assert _part(read, "html") == "<p>Hello</p>"


def test_a_mail_is_ascii_with_short_lines_ended_as_smtp_wants_them() -> None:
    content = written(replace(LETTER, html="<p>" + "Größe 🎁 " * 300, subject="Größe " * 20))

    lines = content.split(b"\r\n")
    assert content.isascii()
    assert max(len(line) for line in lines) <= 78
    assert not any(b"\n" in line or b"\r" in line for line in lines)


@pytest.mark.parametrize("text", ["Größe 🎁", "a " * 200, "--=_0a1b--", "tab\tand  two spaces \nnext"])
def test_whatever_a_text_holds_comes_back(text: str) -> None:
    read = _read(replace(LETTER, text=text, html=text, subject=text))

    assert _part(read, "plain") == unescape(_part(read, "html")) == text
    assert read["Subject"].split() == text.split()
    assert not read.defects


@pytest.mark.parametrize("name", ["Ann\r\nBcc: all@mail.example", "Ann, of Example", "Änn “A” <x@y>", ""])
def test_a_name_stays_a_name_and_adds_no_header(name: str) -> None:
    read = _read(replace(LETTER, to_name=name, subject=name))

    (address,) = read["To"].addresses
    assert (address.display_name.split(), address.addr_spec) == (name.split(), "ann@mail.example")
    assert read["Bcc"] is None


def _read(letter: Letter) -> EmailMessage:
    message = message_from_bytes(written(letter), policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
