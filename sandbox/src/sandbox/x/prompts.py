"""Prompts as the timeline sees them: a program reply with a confirmation-shaped tag, its countdown, and its answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sandbox.x.posts import Post
from sandbox.x.settings import Settings
from sandbox.x.snowflake_ids import unix_ms_of
from sandbox.x.world import World

_SHAPE = re.compile(r"ok[0-9a-z]{8}", re.IGNORECASE)

LOOKED_BACK_MAX = 30
"""Of somebody's latest posts this many are looked through for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """When a prompt's time began and ends, in Unix milliseconds, and after how many seconds it was answered."""

    begins_unix_ms: int
    ends_unix_ms: int
    answered_seconds: float | None

    @property
    def answered_late(self) -> bool:
        """Whether the answer came after the end."""
        window = (self.ends_unix_ms - self.begins_unix_ms) / 1000
        return self.answered_seconds is not None and self.answered_seconds > window


def countdown_of(post: Post, *, world: World, settings: Settings) -> Countdown | None:
    """Give the countdown of a prompt; None for any other post, a later reply about the same tag included."""
    tag = _tag_of(post)
    if tag is None or post.in_reply_to_user_id is None or post.author_id != world.program.id:
        return None
    if any(_tag_of(earlier) == tag for earlier in _before(post, world)):
        return None
    begins = unix_ms_of(post.id)
    answers = (unix_ms_of(each.id) for each in _posts_of(post.in_reply_to_user_id, world) if _answers(each, post, tag))
    first = min(answers, default=None)
    return Countdown(
        begins_unix_ms=begins,
        ends_unix_ms=begins + settings.confirm_window_seconds * 1000,
        answered_seconds=None if first is None else (first - begins) / 1000,
    )


def conversations_answered_by(post: Post, world: World) -> Iterator[int]:
    """Find the conversations of the prompts a post may answer: to its author, by tag or by repost."""
    if post.author_id == world.program.id or (_tag_of(post) is None and post.reposted_id is None):
        return
    for prompt in _posts_of(world.program.id, world):
        if prompt.in_reply_to_user_id == post.author_id and _tag_of(prompt):
            yield prompt.conversation_id


def _answers(post: Post, prompt: Post, tag: str) -> bool:
    return post.id > prompt.id and (post.reposted_id == prompt.id or _tag_of(post) == tag)


def _before(post: Post, world: World) -> list[Post]:
    conversation = world.posts.in_conversation(post.conversation_id)
    return [each for each in conversation if each.id < post.id and each.author_id == post.author_id]


def _posts_of(user_id: int, world: World) -> Iterator[Post]:
    return islice(world.posts.by_author(user_id), LOOKED_BACK_MAX)


def _tag_of(post: Post) -> str | None:
    """Give a post's confirmation-shaped tag; a repost's tags are its original's."""
    if post.reposted_id is not None:
        return None
    return next((tag.tag.lower() for tag in post.entities.hashtags if _SHAPE.fullmatch(tag.tag)), None)
