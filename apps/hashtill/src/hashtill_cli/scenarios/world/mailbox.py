"""The mailbox, from outside: the mails somebody got, and the links in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from hashtill_cli.scenarios.waiting import must

CALL_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail in somebody's box; `arrivals` counts how often its Message-ID came."""

    mail_id: int
    subject: str
    to: tuple[str, ...]
    arrivals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedMail:
    """A mail that somebody reads."""

    text: str
    links: tuple[str, ...]

    def link(self, path: str) -> str:
        """Give the link whose path begins so."""
        return next(link for link in self.links if f"/{path}/" in link)


class Mailbox:
    """Everybody's box."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self.url = session, url
        self._timeout = aiohttp.ClientTimeout(total=CALL_SECONDS_MAX)

    async def mails(self, address: str, *, subject: str = "") -> Sequence[Mail]:
        """Give somebody's mails, newest first, a repeated one once; `subject` is a part of it."""
        asked = {"to": address, "subject": subject}
        async with self._session.get(f"{self.url}/api/mails", params=asked, timeout=self._timeout) as response:
            found = (await response.json())["mails"]
        once = {each["message_id"]: each for each in found}
        return [
            Mail(mail_id=each["id"], subject=each["subject"], to=tuple(each["to"]), arrivals=each["arrivals"])
            for each in once.values()
        ]

    async def next_mail(self, address: str, *, subject: str) -> Mail:
        """Wait for a mail. Raises NeverHappenedError."""
        found = await must(
            lambda: self.mails(address, subject=subject), bool, what=f"a mail to {address} with {subject!r}"
        )
        return found[0]

    async def open(self, mail: Mail) -> OpenedMail:
        """Read a mail."""
        async with self._session.get(f"{self.url}/api/mails/{mail.mail_id}", timeout=self._timeout) as response:
            opened = await response.json()
        return OpenedMail(text=opened["text"], links=tuple(opened["links"]))
