"""Signed page addresses: who holds one may see one order's page, or confirm or disown that one order, until it ends."""

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from uuid import UUID

from kernel.ids import OrderId
from kernel.secret import Secret

_FORMAT = struct.Struct(">B16sI")
_MAC_BYTES = 16


class PagePurpose(IntEnum):
    """What the holder may do; one purpose never opens another."""

    VIEW = 1
    CONFIRM = 2
    DISOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PageGrant:
    """One order, one purpose, until `ends_at` (whole seconds, UTC)."""

    order_id: OrderId
    purpose: PagePurpose
    ends_at: datetime


def sign_page(grant: PageGrant, *, key: Secret[bytes]) -> str:
    """Write a grant as 50 URL-safe characters: purpose, order, end, and a 128-bit HMAC-SHA256."""
    body = _FORMAT.pack(grant.purpose, grant.order_id.bytes, int(grant.ends_at.timestamp()))
    return base64.urlsafe_b64encode(body + _mac(body, key)).rstrip(b"=").decode()


def read_page(token: str, *, key: Secret[bytes], at: datetime) -> PageGrant | None:
    """Read a grant back; None when it is malformed, forged or over. Compares in constant time."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (ValueError, UnicodeEncodeError):
        return None
    body, mac = raw[: _FORMAT.size], raw[_FORMAT.size :]
    if len(body) != _FORMAT.size or not hmac.compare_digest(mac, _mac(body, key)):
        return None
    purpose, order, ends = _FORMAT.unpack(body)
    grant = PageGrant(
        order_id=OrderId(UUID(bytes=order)),
        purpose=PagePurpose(purpose),
        ends_at=datetime.fromtimestamp(ends, tz=UTC),
    )
    return grant if at < grant.ends_at else None


def _mac(body: bytes, key: Secret[bytes]) -> bytes:
    return hmac.new(key.reveal(), body, hashlib.sha256).digest()[:_MAC_BYTES]
