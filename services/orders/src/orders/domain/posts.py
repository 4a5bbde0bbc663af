"""Posts: what a network's post is to us: a purchase, a confirmation, a deletion, or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kernel.ids import Network, NetworkUserId, OrderId, PostId
from kernel.tags import Tag, is_confirmation_tag


class PostKind(StrEnum):
    """What the post did on its network."""

    POST = "POST"
    REPLY = "REPLY"
    QUOTE = "QUOTE"
    REPOST = "REPOST"
    DELETE = "DELETE"


class VerdictWord(StrEnum):
    """What a post came to. All but IGNORED are its one effect."""

    ORDERED = "ORDERED"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"
    IGNORED = "IGNORED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One version of a post, as the gateway kept it; `post_id` is the first id of its edit history."""

    message_id: str
    network: Network
    post_id: PostId
    version_id: PostId
    author_id: NetworkUserId
    author_handle: str
    author_protected: bool
    posted_at: datetime
    kind: PostKind
    target_post_id: PostId | None
    tags: tuple[Tag, ...]
    language: str
    traceparent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a post could be: its purchase tags, its confirmation tags, or what it reposts."""

    purchase_tags: tuple[Tag, ...] = ()
    confirmation_tags: tuple[Tag, ...] = ()
    reposted: PostId | None = None

    @property
    def may_confirm(self) -> bool:
        """Whether it could confirm an order."""
        return bool(self.confirmation_tags) or self.reposted is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided about a post, on which version, and the order it touched."""

    network: Network
    post_id: PostId
    version_id: PostId
    author_id: NetworkUserId
    word: VerdictWord
    reason: str
    posted_at: datetime
    order_id: OrderId | None = None

    @property
    def had_effect(self) -> bool:
        """Whether the post is spent: no later version of it does anything."""
        return self.word is not VerdictWord.IGNORED


def read_post(post: Post, *, is_known: Callable[[Tag], bool]) -> Reading:
    """Read a post by its kind and its own tags; a repost has no tags of its own and never orders."""
    if post.kind is PostKind.DELETE:
        return Reading()
    if post.kind is PostKind.REPOST:
        return Reading(reposted=post.target_post_id)
    return Reading(
        purchase_tags=tuple(tag for tag in post.tags if is_known(tag)),
        confirmation_tags=tuple(tag for tag in post.tags if is_confirmation_tag(tag)),
    )


def verdict_on(post: Post, word: VerdictWord, reason: str = "", *, order_id: OrderId | None = None) -> Verdict:
    """Write down what a post came to."""
    return Verdict(
        network=post.network,
        post_id=post.post_id,
        version_id=post.version_id,
        author_id=post.author_id,
        word=word,
        reason=reason,
        posted_at=post.posted_at,
        order_id=order_id,
    )
