"""Posts on the simulated X: who wrote them, the time inside their ids, and how streams and archive write them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kernel.snowflakes import time_of_snowflake

PROGRAM_ID, PROGRAM_HANDLE = "1000", "AmexSync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody on X."""

    user_id: str
    handle: str
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class XPost:
    """One version of a post; `versions` are the ids of its edit history, the first one first."""

    post_id: int
    author: Account
    text: str = ""
    tags: tuple[str, ...] = ()
    kind: str = "post"
    target: "XPost | None" = None
    versions: tuple[int, ...] = ()
    mentions_program: bool = False
    at: datetime = field(init=False)
    """The time inside the id."""
    folded_tags: frozenset[str] = field(init=False)
    """By which it is found: its own, and those of what it quotes or reposts."""

    def __post_init__(self) -> None:
        quoted = self.target.tags if self.target is not None and self.kind in {"quote", "repost"} else ()
        object.__setattr__(self, "at", time_of_snowflake(self.post_id))
        object.__setattr__(self, "folded_tags", frozenset(tag.casefold() for tag in (*self.tags, *quoted)))


def is_by_program(post: XPost | None) -> bool:
    """Tell whether there is a post and the program wrote it."""
    return post is not None and post.author.user_id == PROGRAM_ID


def frame_of(post: XPost) -> dict[str, Any]:
    """Write a post as the filtered stream and the archive do."""
    return {"data": data_of(post), "includes": includes_of(post)}


def data_of(post: XPost) -> dict[str, Any]:
    """Write a post object."""
    mentions = [{"id": PROGRAM_ID, "username": PROGRAM_HANDLE}] if post.mentions_program else []
    if post.kind == "repost" and post.target is not None:
        mentions = [{"id": post.target.author.user_id, "username": post.target.author.handle}]
    data: dict[str, Any] = {
        "id": str(post.post_id),
        "author_id": post.author.user_id,
        "text": post.text,
        "lang": "en",
        "edit_history_tweet_ids": [str(each) for each in post.versions],
        "entities": {"hashtags": [{"tag": tag} for tag in post.tags], "mentions": mentions},
    }
    if post.target is not None:
        kinds = {"reply": "replied_to", "quote": "quoted", "repost": "retweeted"}
        data["referenced_tweets"] = [{"type": kinds[post.kind], "id": str(post.target.post_id)}]
        if post.kind == "reply":
            data["in_reply_to_user_id"] = post.target.author.user_id
    return data


def includes_of(post: XPost) -> dict[str, Any]:
    """Write who and what a post names."""
    author = {"id": post.author.user_id, "username": post.author.handle, "protected": post.author.protected}
    if post.target is None:
        return {"users": [author]}
    target = {"id": str(post.target.post_id), "author_id": post.target.author.user_id}
    return {"users": [author], "tweets": [target]}
