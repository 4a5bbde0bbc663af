"""What every page needs: who is asked, how the program is called, the key of addresses, the clock, and the end."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.outbound.peers import Peers
from kernel.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """One deployment's pages."""

    base_url: str
    """Their public address, without a slash at the end."""
    program_name: str
    program_handle: str
    """Without `@`."""
    terms_version: str
    page_key: Secret[bytes]
    """Signs page addresses, and the forms of one browser session."""
    cookie_domain: str | None = None
    """Shared with the card page when that has a host name of its own."""

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the pages encrypted, so that cookies can insist on it."""
        return self.base_url.startswith("https://")

    def sign(self, text: str) -> str:
        """Sign a text as 64 hex digits, HMAC-SHA256."""
        return hmac.new(self.page_key.reveal(), text.encode(), hashlib.sha256).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageParts:
    """What the handlers are given."""

    peers: Peers
    options: PageOptions
    clock: Callable[[], datetime] = _now
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process stops: streams end themselves on it."""
