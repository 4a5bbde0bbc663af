"""The feeds of what gets out: log files, spans, dead letters (I10), mails and replies as the world sees them (I9)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from hashtill_cli.checking import answers
from hashtill_cli.checking.findings import Findings, Invariant
from hashtill_cli.checking.following.feed import AT_ONCE, Recent
from hashtill_cli.checking.leaks import Scanner
from hashtill_cli.checking.looking_at_messages import look_at_mails
from hashtill_cli.checking.reading.outside import FIRST_POST
from hashtill_cli.checking.reading.spans import PATTERN, text_of
from hashtill_cli.checking.sources import Sources

BYTES_MAX = 4_000_000
"""What one look reads of a file; the rest waits for the next."""

REPLIES_KEPT_MAX = 100_000

_LETTERS = """
SELECT id, consumer, msg_id, reason, headers, body FROM dead_letter WHERE id > $1 ORDER BY id LIMIT 1000
"""
_LAST_LETTER = "SELECT COALESCE(max(id), 0) AS last FROM dead_letter"


class TextsFeed:
    """What processes wrote into files, from where each file ended at the first look, and what they buried."""

    name = "texts"
    invariants = frozenset({Invariant.NO_SECRET})
    every_seconds = 5.0
    again_after = AT_ONCE

    def __init__(self) -> None:
        self.behind = timedelta(0)
        self._read_until: dict[Path, int] | None = None
        self._letters_until: dict[str, int] = {}

    async def look(self, sources: Sources, *, at: datetime) -> Findings:
        """Search what was added."""
        del at
        findings, scanner = Findings(), Scanner(secrets=sources.places.secrets)
        for file, line in self._added(sources):
            is_span = file.parent == sources.places.spans
            findings.count(Invariant.NO_SECRET, "exports of spans" if is_span else "log lines")
            findings.add(scanner.breaches(text_of(line) if is_span else line, place=file.name))
        for service, book in sources.books.items():
            if service not in self._letters_until:
                self._letters_until[service] = (await book.records(_LAST_LETTER))[0]["last"]
            for row in await book.records(_LETTERS, self._letters_until[service]):
                self._letters_until[service] = row["id"]
                text = "\n".join(
                    each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in row.values()
                )
                findings.count(Invariant.NO_SECRET, "dead letters")
                findings.add(scanner.breaches(text, place=f"{service}.dead_letter {row['id']}"))
        return findings

    def _added(self, sources: Sources) -> Iterator[tuple[Path, str]]:
        places = ((sources.places.logs, "*.log"), (sources.places.spans, PATTERN))
        files = [file for folder, pattern in places if folder is not None for file in folder.glob(pattern)]
        if self._read_until is None:
            self._read_until = {file: file.stat().st_size for file in files}
        for file in files:
            start = self._read_until.get(file, 0)
            if file.stat().st_size < start:
                start = 0  # it was begun anew
            with file.open("rb") as content:
                content.seek(start)
                whole, end, _ = content.read(BYTES_MAX).rpartition(b"\n")
            self._read_until[file] = start + len(whole) + len(end)
            for line in whole.split(b"\n") if end else ():
                yield file, line.decode("utf-8", "replace")


class WorldFeed:
    """What reached people: mails, and the program's replies on the network."""

    name = "world"
    invariants = frozenset({Invariant.ONE_ANSWER, Invariant.NO_SECRET})
    every_seconds = 5.0
    again_after = AT_ONCE

    def __init__(self) -> None:
        self.behind = timedelta(0)
        self._mails_until = 0
        self._posts_until = FIRST_POST
        self._replies = Recent[str, set[str]](REPLIES_KEPT_MAX)
        self._program = ""

    async def look(self, sources: Sources, *, at: datetime) -> Findings:
        """Read on in the mailbox and on the network, from their beginnings."""
        del at
        findings, scanner = Findings(), Scanner(secrets=sources.places.secrets)
        if sources.places.mail_url:
            self._mails_until = await look_at_mails(sources, findings, scanner, after=self._mails_until)
        if sources.places.x_url:
            await self._look_at_replies(sources, findings)
        return findings

    async def _look_at_replies(self, sources: Sources, findings: Findings) -> None:
        url, outside = sources.places.x_url, sources.outside
        self._program = self._program or await outside.program(url)
        async for page in outside.posts(url, after=self._posts_until):
            for post in page:
                self._posts_until = int(post.post_id)
                if post.author_id == self._program and post.replied_to:
                    replies = (self._replies.get(post.replied_to) or set()) | {post.post_id}
                    self._replies[post.replied_to] = replies
                    findings.count(Invariant.ONE_ANSWER, "replies on the network")
                    findings.add(answers.seen_repeated([(post.replied_to, each) for each in sorted(replies)]))
