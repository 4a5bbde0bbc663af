"""The mailbox: the newest mails, how often each Message-ID arrived, and who wants to hear of new ones."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.mail.headers import MailHeaders, read_headers

WATCH_QUEUE_MAX = 100_000  # mails a watcher may lag behind before it is let go
MAILS_A_TAKE_MAX = 500  # one write to a watcher's socket, so that nobody else waits long
GATHER_SECONDS = (
    0.01  # mails of ten milliseconds are told together: a write and its reader's waking cost more than a line
)
MESSAGE_IDS_MAX = 200_000  # Message-IDs whose arrivals are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What SMTP said, before the mail itself."""

    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One accepted mail; `number` rises by one a mail."""

    number: int
    received_at: datetime
    envelope: Envelope
    headers: MailHeaders
    raw: bytes

    def summary(self, *, arrivals: int) -> dict[str, object]:
        """Write what a list shows; `arrivals` is how often its Message-ID came so far."""
        return {
            "id": self.number,
            "received_at": self.received_at,
            "message_id": self.headers.message_id,
            "subject": self.headers.subject,
            "from": self.headers.sender,
            "envelope_from": self.envelope.sender,
            "to": self.envelope.recipients,
            "size_bytes": len(self.raw),
            "arrivals": arrivals,
        }


class Watcher:
    """Mails waiting for one reader of the watch stream: `lost` when it lags too far behind, `ended` when it is over."""

    def __init__(self) -> None:
        self.lost = False
        self.ended = False
        self._mails: deque[Mail] = deque()
        self._woken = asyncio.Event()

    def put(self, mail: Mail) -> None:
        """Add a mail, unless too many wait."""
        if len(self._mails) < WATCH_QUEUE_MAX:
            self._mails.append(mail)
        else:
            self.lost = True
        self._woken.set()

    def end(self) -> None:
        """Wake the reader for the last time."""
        self.ended = True
        self._woken.set()

    async def take(self) -> Sequence[Mail]:
        """Wait for mails and give those there are a moment later, at most `MAILS_A_TAKE_MAX`."""
        await self._woken.wait()
        await asyncio.sleep(GATHER_SECONDS)
        taken = [self._mails.popleft() for _ in range(min(len(self._mails), MAILS_A_TAKE_MAX))]
        if not self._mails:
            self._woken.clear()
        return taken


class Mailbox:
    """Keeps mails up to a count and a size; the oldest leave first."""

    def __init__(self, *, mails_max: int, bytes_max: int) -> None:
        self._mails: OrderedDict[int, Mail] = OrderedDict()
        self._arrivals: OrderedDict[str, int] = OrderedDict()
        self._watchers: set[Watcher] = set()
        self._closed = False
        self._mails_max = mails_max
        self._bytes_max = bytes_max
        self.kept_bytes = 0
        self.accepted_count = 0
        self.repeated_count = 0

    def __len__(self) -> int:
        return len(self._mails)

    def accept(self, envelope: Envelope, raw: bytes, *, at: datetime) -> Mail:
        """Keep a mail, count its Message-ID and tell the watchers."""
        self.accepted_count += 1
        mail = Mail(number=self.accepted_count, received_at=at, envelope=envelope, headers=read_headers(raw), raw=raw)
        self._mails[mail.number] = mail
        self.kept_bytes += len(raw)
        self._count(mail.headers.message_id)
        self._make_room()
        for watcher in self._watchers:
            watcher.put(mail)
        return mail

    def find(self, number: int) -> Mail | None:
        """Give a mail; None when it never came or has left."""
        return self._mails.get(number)

    def newest_first(self) -> Iterator[Mail]:
        """Walk the mails, newest first."""
        return reversed(self._mails.values())

    def arrivals(self, message_id: str) -> int:
        """Say how often a Message-ID arrived; 1 for a mail without one."""
        return self._arrivals.get(message_id, 1)

    def watch(self) -> Watcher:
        """Begin to hear of new mails."""
        watcher = Watcher()
        self._watchers.add(watcher)
        if self._closed:
            watcher.end()
        return watcher

    def unwatch(self, watcher: Watcher) -> None:
        """Stop hearing."""
        self._watchers.discard(watcher)

    def close(self) -> None:
        """Let every watcher go, those to come too."""
        self._closed = True
        for watcher in self._watchers:
            watcher.end()

    def clear(self) -> None:
        """Throw every mail away; the counts go on."""
        self._mails.clear()
        self.kept_bytes = 0

    def _count(self, message_id: str) -> None:
        if not message_id:
            return
        seen = self._arrivals.get(message_id, 0)
        self.repeated_count += seen > 0
        self._arrivals[message_id] = seen + 1
        if len(self._arrivals) > MESSAGE_IDS_MAX:
            self._arrivals.popitem(last=False)

    def _make_room(self) -> None:
        while len(self._mails) > self._mails_max or (self.kept_bytes > self._bytes_max and len(self._mails) > 1):
            _, oldest = self._mails.popitem(last=False)
            self.kept_bytes -= len(oldest.raw)
