"""A mail as it travels: text and HTML side by side, written by hand, for Python's own way costs fifty times as much."""

from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

LINE_CHARACTERS_MAX = 76
"""A header that fits a line with its name is written plainly; a longer one is folded (RFC 5322 asks for 78)."""

LINE_BYTES_MAX = 998
"""The longest line that may travel as it is (RFC 5322)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a mail says, to whom; `mark` is letters and digits that no other part of it holds."""

    sender_name: str
    sender: str
    to_name: str
    to: str
    subject: str
    message_id: str
    written_at: datetime
    text: str
    html: str
    mark: str


def written(letter: Letter) -> bytes:
    """Write a mail (RFC 5322, 2045): what came from people is kept on its own line, whatever they typed."""
    boundary = f"=_{letter.mark}"  # quoted-printable never holds "=_", so no part can end early
    head = "".join(
        f"{name}: {value}\r\n"
        for name, value in (
            ("From", _address(letter.sender_name, letter.sender)),
            ("To", _address(letter.to_name, letter.to)),
            ("Subject", _plain_or_encoded("Subject", _one_line(letter.subject))),
            ("Message-ID", letter.message_id),
            ("Date", format_datetime(letter.written_at)),
            ("Auto-Submitted", "auto-generated"),
            ("MIME-Version", "1.0"),
            ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
        )
    )
    body = _part("plain", "quoted-printable", _quoted(letter.text), boundary) + _html_part(letter.html, boundary)
    return head.encode("ascii") + b"\r\n" + body + f"--{boundary}--\r\n".encode()


def _html_part(html: str, boundary: str) -> bytes:
    """HTML needs no encoding: what is not ASCII is written as references; only a line too long makes it necessary."""
    plain = html.encode("ascii", "xmlcharrefreplace")
    if b"\r" in plain:
        plain = b"\n".join((*plain.splitlines(), b""))
    if _has_long_line(plain) or plain.startswith(b"--=_") or b"\n--=_" in plain:
        return _part("html", "quoted-printable", _quoted(html), boundary)
    last = b"" if plain.endswith(b"\n") or not plain else b"\r\n"
    return _part("html", "7bit", plain.replace(b"\n", b"\r\n") + last, boundary)


def _has_long_line(content: bytes) -> bool:
    """Whether a line is too long, from one end of a line to the farthest that may follow it: a few steps a mail."""
    begin = 0
    while len(content) - begin > LINE_BYTES_MAX:
        begin = content.rfind(b"\n", begin, begin + LINE_BYTES_MAX + 1) + 1
        if not begin:
            return True
    return False


def _quoted(content: str) -> bytes:
    lines = "\n".join(content.splitlines()) + "\n"
    return b2a_qp(lines.encode()).replace(b"\n", b"\r\n")


def _part(kind: str, encoding: str, content: bytes, boundary: str) -> bytes:
    kinds = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"
    return f"--{boundary}\r\n{kinds}\r\n".encode("ascii") + content


def _address(name: str, address: str) -> str:
    """Write an address; one beyond ASCII goes nowhere (the session refuses it) but must not fail its mates here."""
    sendable = _one_line(address).encode("ascii", "replace").decode()
    return formataddr((_one_line(name), sendable))


def _plain_or_encoded(name: str, value: str) -> str:
    if value.isascii() and len(name) + len(value) <= LINE_CHARACTERS_MAX:
        return value
    return Header(value, header_name=name).encode(linesep="\r\n")


def _one_line(text: str) -> str:
    return " ".join(text.split())
