"""What happens in the simulated world; streams, watchers and the timeline follow it."""

from dataclasses import dataclass

from sandbox.x.posts import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPublished:
    """A new version of a post, a reply, quote or repost included."""

    post: Post


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRemoved:
    """One version of a post was deleted by its author."""

    post: Post


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChanged:
    """A user changed a profile field; `field` is X's word for it (`handle`, `screenname`)."""

    user_id: int
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRevoked:
    """A user took an app's access back."""

    user_id: int
    app_id: str
    at_unix_ms: int


WorldEvent = PostPublished | PostRemoved | ProfileChanged | AccessRevoked
