"""Posts of the simulated X, kept in memory up to a stated bound; the oldest falls off first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandbox.x.entities import Entities


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One version of a post; `history` holds the ids of all its versions so far, oldest first, itself last."""

    id: int
    author_id: int
    text: str
    entities: Entities
    history: tuple[int, ...]
    conversation_id: int
    replied_to_id: int | None = None
    in_reply_to_user_id: int | None = None
    quoted_id: int | None = None
    reposted_id: int | None = None

    @property
    def first_id(self) -> int:
        """The id of the first version, which names the post through all its edits."""
        return self.history[0]


class Posts:
    """Every kept version by id, and what is needed to find them by author, by original and by text."""

    def __init__(self, *, posts_max: int) -> None:
        self._posts_max = posts_max
        self._by_id: dict[int, Post] = {}
        self._by_author: dict[int, dict[int, Post]] = {}
        self._by_conversation: dict[int, dict[int, Post]] = {}
        self._reposts: dict[int, dict[int, Post]] = {}
        self._ids_by_text: dict[tuple[int, str], int] = {}
        self._newest_version: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, post: Post) -> None:
        """Keep a version; beyond the bound the oldest kept one is forgotten."""
        self._by_id[post.id] = post
        self._by_author.setdefault(post.author_id, {})[post.id] = post
        self._by_conversation.setdefault(post.conversation_id, {})[post.id] = post
        self._ids_by_text[post.author_id, post.text] = post.id
        if post.reposted_id is not None:
            self._reposts.setdefault(post.reposted_id, {})[post.id] = post
        if len(post.history) > 1:
            self._newest_version[post.first_id] = post.id
        if len(self._by_id) > self._posts_max:
            self.remove(next(iter(self._by_id)))

    def remove(self, post_id: int) -> None:
        """Forget one version."""
        post = self._by_id.pop(post_id)
        _discard(self._by_author, post.author_id, post_id)
        _discard(self._by_conversation, post.conversation_id, post_id)
        if post.reposted_id is not None:
            _discard(self._reposts, post.reposted_id, post_id)
        if self._ids_by_text.get((post.author_id, post.text)) == post_id:
            del self._ids_by_text[post.author_id, post.text]
        if self._newest_version.get(post.first_id) == post_id:
            del self._newest_version[post.first_id]

    def get(self, post_id: int | None) -> Post | None:
        """Find a version by id."""
        return None if post_id is None else self._by_id.get(post_id)

    def is_newest(self, post: Post) -> bool:
        """Whether no later version of it exists."""
        return self._newest_version.get(post.first_id, post.id) == post.id

    def newest_of(self, post: Post) -> Post:
        """Give the latest version of a post."""
        return self._by_id[self._newest_version.get(post.first_id, post.id)]

    def newest_first(self) -> Iterator[Post]:
        """Walk all latest versions; do not add or remove while walking."""
        return (post for post in reversed(self._by_id.values()) if self.is_newest(post))

    def since(self, post_id: int, *, count_max: int) -> Sequence[Post]:
        """Give up to `count_max` versions made after that id, oldest first."""
        later: list[Post] = []
        for post in reversed(self._by_id.values()):
            if post.id <= post_id:
                break
            later.append(post)
        return later[::-1][:count_max]

    def by_author(self, author_id: int) -> Iterator[Post]:
        """Walk an author's latest versions, newest first."""
        return (post for post in reversed(self._by_author.get(author_id, {}).values()) if self.is_newest(post))

    def in_conversation(self, conversation_id: int) -> Sequence[Post]:
        """Give a conversation's latest versions, oldest first."""
        return [post for post in self._by_conversation.get(conversation_id, {}).values() if self.is_newest(post)]

    def reposts_of(self, post_id: int) -> Sequence[Post]:
        """Give the reposts of a post, newest first."""
        return list(reversed(self._reposts.get(post_id, {}).values()))

    def has_text(self, author_id: int, text: str) -> bool:
        """Whether that author has a kept post of exactly this text."""
        return (author_id, text) in self._ids_by_text


def _discard(groups: dict[int, dict[int, Post]], key: int, post_id: int) -> None:
    group = groups[key]
    del group[post_id]
    if not group:
        del groups[key]
