"""The four headers a list needs, read straight from the bytes: a full parse of every mail would cost ten times more."""

import re
from dataclasses import dataclass
from email.header import decode_header, make_header

HEAD_MAX_BYTES = 65_536  # a longer head is no mail of ours; its first part is enough for a list
_WANTED = re.compile(rb"\n(message-id|subject|from)[ \t]*:((?:.*)(?:\r?\n[ \t].*)*)", re.IGNORECASE)
_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHeaders:
    """Decoded, unfolded; empty when the mail has none."""

    message_id: str
    subject: str
    sender: str


def read_headers(raw: bytes) -> MailHeaders:
    """Read the first of each wanted header from whatever arrived."""
    end = _END.search(raw, 0, HEAD_MAX_BYTES)
    head = raw[: end.start() if end else HEAD_MAX_BYTES]
    found: dict[bytes, bytes] = {}
    for match in _WANTED.finditer(
        b"\n" + head
    ):  # every line, the first too, then begins where a search stops by itself
        found.setdefault(match[1].lower(), match[2])
    return MailHeaders(
        message_id=_decoded(found.get(b"message-id", b"")),
        subject=_decoded(found.get(b"subject", b"")),
        sender=_decoded(found.get(b"from", b"")),
    )


def decoded_header(text: str) -> str:
    """Unfold and decode a header's text (RFC 2047); what cannot be decoded stays as it is."""
    unfolded = " ".join(text.split())
    if "=?" not in unfolded:
        return writable(unfolded)
    try:
        return writable(str(make_header(decode_header(unfolded))))
    except Exception:  # noqa: BLE001  the standard parser raises many kinds on broken headers; none may become a 500
        return writable(unfolded)


def writable(text: str) -> str:
    """Replace lone surrogates, which UTF-7 and escapes can make and no JSON can carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _decoded(value: bytes) -> str:
    return decoded_header(value.decode("utf-8", "replace"))
