"""A post as every service will see it, whatever the network called it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kernel.ids import Network, NetworkUserId, PostId
from kernel.tags import Tag


class PostKind(StrEnum):
    """What the author did."""

    POST = "post"
    REPLY = "reply"
    QUOTE = "quote"
    REPOST = "repost"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One version of one post; an edit is another version of the same post.

    `post_id` is the first id of the edit history (the business key), `version_id` this version's own id, `posted_at`
    the moment inside `version_id`. `tags` are canonical and the author's own: never from quoted or reposted text.
    `target_*` is the post replied to, quoted or reposted. For a DELETE, `version_id` is the id that went
    away and `posted_at` when it went, as nearly as the network tells.
    """

    network: Network
    post_id: PostId
    version_id: PostId
    kind: PostKind
    author_id: NetworkUserId
    author_handle: str = ""
    author_protected: bool = False
    language: str = ""
    tags: tuple[Tag, ...] = ()
    target_post_id: PostId | None = None
    target_author_id: NetworkUserId | None = None
    addresses_program: bool = False
    posted_at: datetime

    @property
    def message_id(self) -> str:
        """The id under which this version is told once: network and version, a delete apart from what it deletes."""
        suffix = ":deleted" if self.kind is PostKind.DELETE else ""
        return f"{self.network}:{self.version_id}{suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A cardmember took the program's access to their account away, on the network's own pages."""

    network: Network
    user_id: NetworkUserId
    event_id: str
    revoked_at: datetime

    @property
    def message_id(self) -> str:
        """The id under which this revocation is told once."""
        return f"{self.network}:revoked:{self.event_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramAccount:
    """The account that posts offers and replies: its numeric id decides, its handle is what people mention."""

    user_id: NetworkUserId
    handle: str


class SkipReason(StrEnum):
    """Why something read was not kept; each is counted."""

    NOT_JSON = "not_json"
    TOO_LONG = "too_long"
    UNKNOWN_FRAME = "unknown_frame"
    UNKNOWN_EVENT = "unknown_event"
    BAD_ID = "bad_id"
    BAD_AUTHOR = "bad_author"
    OWN_POST = "own_post"
    NOT_FOR_US = "not_for_us"
    REPOST_OF_OTHERS = "repost_of_others"
    SEEN_BEFORE = "seen_before"
    DELETE_OF_UNKEPT = "delete_of_unkept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Something read that is none of ours, or that nobody can read."""

    reason: SkipReason
