"""The same tables in memory, for use-case tests; held to the suite that PostgreSQL passes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from chassis.memory import MemoryOutbox, MemoryTable, MemoryTransactions
from gateway.domain.arrivals import Stream
from gateway.domain.gaps import OpenPrompt
from gateway.domain.positions import Position
from gateway.domain.post import Post, Revocation
from gateway.outbound.announcing import messages_of
from gateway.usecases.ports import LinkChange, PromptPosted, Telling
from kernel.ids import LinkId, Network, NetworkUserId, PostId


class MemoryStore:
    """All tables; `transactions` works on them, `messages` is what was told."""

    def __init__(self, *, network: Network, at: datetime) -> None:
        self.network, self.at = network, at
        self.kept: MemoryTable[str, Post] = MemoryTable()
        self.revocations: MemoryTable[str, Revocation] = MemoryTable()
        self.streams: MemoryTable[Stream, Position] = MemoryTable()
        self.watermarks: MemoryTable[Network, datetime] = MemoryTable()
        self.prompts: MemoryTable[PostId, PromptPosted] = MemoryTable()
        self.links: MemoryTable[LinkId, LinkChange] = MemoryTable()
        self.messages = MemoryOutbox()

    @property
    def transactions(self) -> "MemoryGatewayTransactions":
        """Begin units of work over this store."""
        return MemoryGatewayTransactions(self)


class MemoryUnit:
    """One transaction's tables."""

    def __init__(self, store: MemoryStore) -> None:
        self.posts = MemoryKeptPosts(store)
        self.positions = MemoryPositions(store)
        self.prompts = MemoryPrompts(store)
        self.links = MemoryWatchedLinks(store)
        self.outbox = MemoryTellings(store)


class MemoryGatewayTransactions:
    """Begins units of work; what a failed one changed is put back."""

    def __init__(self, store: MemoryStore) -> None:
        parts = (store.kept, store.revocations, store.streams, store.watermarks, store.prompts, store.links)
        self._transactions = MemoryTransactions(lambda: MemoryUnit(store), parts=(*parts, store.messages))

    def begin(self) -> AbstractAsyncContextManager[MemoryUnit]:
        """Begin one."""
        return self._transactions.begin()


class MemoryKeptPosts:
    """The kept posts."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def add(self, posts: Sequence[Post]) -> list[Post]:
        """Keep these; gives, in order, those that were not kept before."""
        new = [post for post in posts if post.message_id not in self._store.kept]
        self._store.kept.update({post.message_id: post for post in new})
        return new

    async def authors_since(self, at: datetime, *, authors_max: int) -> list[NetworkUserId]:
        """Give who posted what we kept since then, the newest first, at most `authors_max`."""
        newest: dict[NetworkUserId, datetime] = {}
        for post in self._store.kept.values():
            if post.posted_at >= at:
                newest[post.author_id] = max(post.posted_at, newest.get(post.author_id, at))
        return sorted(newest, key=lambda author: (-newest[author].timestamp(), author))[:authors_max]

    async def first_ids(self, ids: Collection[PostId]) -> Mapping[PostId, PostId]:
        """Give the business key for each of these ids of which any version was kept."""
        posts = list(self._store.kept.values())
        found = {
            wanted: [post.post_id for post in posts if wanted in {post.version_id, post.post_id}] for wanted in ids
        }
        return {wanted: min(post_ids) for wanted, post_ids in found.items() if post_ids}

    async def add_revocations(self, revocations: Sequence[Revocation]) -> list[Revocation]:
        """Keep these; gives, in order, those that were not kept before."""
        new = {each.message_id: each for each in revocations if each.message_id not in self._store.revocations}
        self._store.revocations.update(new)
        return list(new.values())

    async def forget_before(self, at: datetime, *, posts_max: int) -> int:
        """Forget the oldest versions made before then, at most so many; gives how many."""
        old = sorted((post.posted_at, key) for key, post in self._store.kept.items() if post.posted_at < at)
        for _, key in old[:posts_max]:
            del self._store.kept[key]
        return len(old[:posts_max])


class MemoryPositions:
    """The positions."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def load(self) -> dict[Stream, Position]:
        """Give the stored positions."""
        return dict(self._store.streams)

    async def save(self, positions: Iterable[Position]) -> None:
        """Store positions."""
        self._store.streams.update({each.stream: each for each in positions})

    async def watermark(self) -> datetime | None:
        """Give the watermark last told."""
        return self._store.watermarks.get(self._store.network)

    async def save_watermark(self, at: datetime) -> None:
        """Store the watermark; it never goes back."""
        before = await self.watermark()
        self._store.watermarks[self._store.network] = at if before is None else max(before, at)


class MemoryPrompts:
    """The prompts."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def add(self, prompts: Sequence[PromptPosted]) -> None:
        """Remember these; a repeat changes nothing."""
        for each in prompts:
            self._store.prompts.setdefault(each.post_id, each)

    async def since(self, at: datetime, *, prompts_max: int) -> list[OpenPrompt]:
        """Give the newest prompts posted since then, with whom they ask, at most `prompts_max`."""
        authors = {post.post_id: post.author_id for post in self._store.kept.values()}
        found = [
            OpenPrompt(post_id=each.post_id, author_id=authors[each.in_reply_to_post_id], posted_at=each.posted_at)
            for each in self._store.prompts.values()
            if each.posted_at >= at and each.in_reply_to_post_id in authors
        ]
        return sorted(found, key=lambda each: (-each.posted_at.timestamp(), each.post_id))[:prompts_max]

    async def forget_before(self, at: datetime) -> None:
        """Forget prompts posted before then."""
        for post_id in [each.post_id for each in self._store.prompts.values() if each.posted_at < at]:
            del self._store.prompts[post_id]


class MemoryWatchedLinks:
    """The watched links."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def apply(self, changes: Sequence[LinkChange]) -> None:
        """Store changes; one older than what is stored changes nothing."""
        for each in changes:
            held = self._store.links.get(each.link_id)
            if held is None or held.version < each.version:
                self._store.links[each.link_id] = each

    async def accounts(self) -> set[NetworkUserId]:
        """Give the accounts that have a watched link."""
        return {each.user_id for each in self._store.links.values() if each.watched}


class MemoryTellings:
    """The outbox."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def add(self, tellings: Sequence[Telling]) -> None:
        """Keep the messages, as they would leave."""
        await self._store.messages.add(list(messages_of(tellings, network=self._store.network, read_at=self._store.at)))
