"""Read one mail whole: headers, text, HTML, links and attachments; a broken mail is read as far as it goes."""

import html
import re
from email import message_from_bytes, policy
from email.message import Message
from itertools import islice

from sandbox.mail.headers import decoded_header, writable

PARTS_MAX = 200
LINKS_MAX = 500
_HREF = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"')\]]+")

Read = dict[str, object]


def read_mail(raw: bytes) -> Read:
    """Give headers, text, html, links and attachments of whatever arrived; at worst the bytes as text."""
    try:
        return _read(raw)
    except Exception as error:  # noqa: BLE001  the standard parser raises many kinds on broken mails; none may become a 500
        text = raw.decode("utf-8", "replace")
        return {
            "headers": [],
            "text": text,
            "html": "",
            "links": _links(text, ""),
            "attachments": [],
            "defects": [type(error).__name__],
        }


def _read(raw: bytes) -> Read:
    message = message_from_bytes(raw, policy=policy.compat32)
    text, page, attachments = "", "", []
    for part in islice(message.walk(), PARTS_MAX):
        kind = part.get_content_type()
        if part.is_multipart():
            continue
        if _is_attachment(part) or kind not in {"text/plain", "text/html"}:
            attachments.append({"name": _name(part), "type": kind, "size_bytes": len(_payload(part))})
        elif kind == "text/html":
            page = page or _text(part)
        else:
            text = text or _text(part)
    return {
        "headers": [[name, _shown(value)] for name, value in message.items()],
        "text": text,
        "html": page,
        "links": _links(text, page),
        "attachments": attachments,
        "defects": sorted({type(defect).__name__ for part in message.walk() for defect in part.defects}),
    }


def _links(text: str, page: str) -> list[str]:
    anchors = (html.unescape("".join(groups)) for groups in _HREF.findall(page))
    plain = (match.rstrip(".,;") for match in _ADDRESS.findall(text))
    return list(islice(dict.fromkeys([*anchors, *plain]), LINKS_MAX))


def _text(part: Message) -> str:
    charset = part.get_content_charset() or "utf-8"
    try:
        return writable(_payload(part).decode(charset, "replace"))
    except (LookupError, ValueError):
        return _payload(part).decode("utf-8", "replace")


def _payload(part: Message) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except Exception:  # noqa: BLE001  the standard parser raises many kinds on broken encodings; none may become a 500
        payload = part.get_payload()
    return payload if isinstance(payload, bytes) else str(payload or "").encode("utf-8", "replace")


def _is_attachment(part: Message) -> bool:
    return str(part.get("Content-Disposition", "")).strip().lower().startswith("attachment")


def _name(part: Message) -> str:
    try:
        return _shown(part.get_filename() or "")
    except Exception:  # noqa: BLE001  as in _payload
        return ""


def _shown(value: object) -> str:
    return decoded_header(str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
