"""What the use cases need from the database: one unit of work, its tables and its outbox."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.arrivals import Stream
from gateway.domain.gaps import OpenPrompt
from gateway.domain.positions import Position
from gateway.domain.post import Post, Revocation
from kernel.ids import LinkId, NetworkUserId, PostId


@dataclass(frozen=True, slots=True, kw_only=True)
class WatermarkReached:
    """All posts up to `at` are read; told to every shard, behind its posts."""

    at: datetime


Telling = Post | Revocation | WatermarkReached


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPosted:
    """A prompt of ours stands, in reply to a member's post."""

    post_id: PostId
    in_reply_to_post_id: PostId
    posted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """A link began or stopped being watched; the highest version of a link counts."""

    link_id: LinkId
    user_id: NetworkUserId
    watched: bool
    version: int


class KeptPosts(Protocol):
    """Every version ever kept, so that none is told twice."""

    async def add(self, posts: Sequence[Post]) -> list[Post]:
        """Keep these; gives, in order, those that were not kept before."""

    async def authors_since(self, at: datetime, *, authors_max: int) -> list[NetworkUserId]:
        """Give who posted what we kept since then, the newest first, at most `authors_max`."""

    async def first_ids(self, ids: Collection[PostId]) -> Mapping[PostId, PostId]:
        """Give the business key for each of these ids of which any version was kept."""

    async def add_revocations(self, revocations: Sequence[Revocation]) -> list[Revocation]:
        """Keep these; gives those that were not kept before."""

    async def forget_before(self, at: datetime, *, posts_max: int) -> int:
        """Forget the oldest versions made before then, at most so many; gives how many."""


class Positions(Protocol):
    """How far each stream is read, and the watermark last told."""

    async def load(self) -> dict[Stream, Position]:
        """Give the stored positions."""

    async def save(self, positions: Iterable[Position]) -> None:
        """Store positions."""

    async def watermark(self) -> datetime | None:
        """Give the watermark last told."""

    async def save_watermark(self, at: datetime) -> None:
        """Store the watermark; it never goes back."""


class Prompts(Protocol):
    """Our replies that may still be answered by a repost."""

    async def add(self, prompts: Sequence[PromptPosted]) -> None:
        """Remember these; a repeat changes nothing."""

    async def since(self, at: datetime, *, prompts_max: int) -> list[OpenPrompt]:
        """Give the newest prompts posted since then, with whom they ask, at most `prompts_max`."""

    async def forget_before(self, at: datetime) -> None:
        """Forget prompts posted before then."""


class WatchedLinks(Protocol):
    """Which accounts are linked and so watched."""

    async def apply(self, changes: Sequence[LinkChange]) -> None:
        """Store changes; one older than what is stored changes nothing."""

    async def accounts(self) -> set[NetworkUserId]:
        """Give the accounts that have a watched link."""


class Outbox(Protocol):
    """What leaves with the transaction."""

    async def add(self, tellings: Sequence[Telling]) -> None:
        """Tell these in this order."""


class Unit(Protocol):
    """One transaction."""

    @property
    def posts(self) -> KeptPosts:
        """The kept posts."""

    @property
    def positions(self) -> Positions:
        """The streams' positions."""

    @property
    def prompts(self) -> Prompts:
        """The open prompts."""

    @property
    def links(self) -> WatchedLinks:
        """The watched links."""

    @property
    def outbox(self) -> Outbox:
        """The outbox."""


class Transactions(Protocol):
    """Begins units of work."""

    def begin(self) -> AbstractAsyncContextManager[Unit]:
        """Begin one; it commits at the end of the block and rolls back when the block raises."""
