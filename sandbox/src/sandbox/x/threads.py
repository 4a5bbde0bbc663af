"""Threads for the timeline page: a conversation's posts as a template shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from sandbox.x.posts import Post
from sandbox.x.prompts import Countdown, countdown_of
from sandbox.x.settings import Settings
from sandbox.x.snowflake_ids import unix_ms_of
from sandbox.x.users import User
from sandbox.x.world import World

LOOKED_AT_MAX = 400
"""Posts looked through for the newest threads."""

REPLIES_MAX = 60
HUES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of text; `kind` is text, hashtag, mention or link."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownUser:
    """Who posted; `hue` picks the colour of the initials' circle."""

    id: str
    name: str
    username: str
    initials: str
    hue: int
    protected: bool
    automated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPost:
    """One post; a repost shows its original, with the reposter beside."""

    id: str
    author: ShownUser
    at: str
    segments: Sequence[Segment]
    plain: str
    reposter: ShownUser | None
    answers: str | None
    edits: int
    editable: bool
    quoted: "ShownPost | None"
    countdown: Countdown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation, oldest post first."""

    id: str
    posts: Sequence[ShownPost]


def newest_threads(world: World, *, settings: Settings, count_max: int) -> Sequence[Thread]:
    """Give the conversations something happened in lately, the newest conversation first."""
    seen = dict.fromkeys(post.conversation_id for post in islice(world.posts.newest_first(), LOOKED_AT_MAX))
    ids = sorted(list(seen)[:count_max], reverse=True)
    return [thread for each in ids if (thread := thread_of(each, world, settings=settings))]


def thread_of(conversation_id: int, world: World, *, settings: Settings) -> Thread | None:
    """Give one conversation; None when nothing of it is left."""
    posts = world.posts.in_conversation(conversation_id)
    kept = [*posts[:1], *posts[1:][-REPLIES_MAX:]]
    shown = [each for post in kept if (each := _shown(post, world, settings=settings, quoting=True))]
    return Thread(id=str(conversation_id), posts=shown) if shown else None


def shown_user(user: User) -> ShownUser:
    """Give a user as the page shows one."""
    initials = "".join(part[0] for part in user.name.split()[:2]).upper() or user.username[0].upper()
    return ShownUser(
        id=str(user.id),
        name=user.name,
        username=user.username,
        initials=initials,
        hue=(user.id ^ user.id >> 22) % HUES,
        protected=user.protected,
        automated=user.automated,
    )


def _shown(post: Post, world: World, *, settings: Settings, quoting: bool) -> ShownPost | None:
    """Give one post; `quoting` stops at the first quoted post, as X does."""
    author = world.users.get(post.author_id)
    original = world.posts.get(post.reposted_id) if post.reposted_id is not None else post
    if author is None or original is None or (by := world.users.get(original.author_id)) is None:
        return None
    quoted = world.posts.get(original.quoted_id) if quoting else None
    segments, answers = _readable(original, world)
    return ShownPost(
        id=str(post.id),
        author=shown_user(by),
        at=_clock_time(post.id),
        segments=segments,
        plain=original.text,
        reposter=None if original is post else shown_user(author),
        answers=answers,
        edits=len(original.history) - 1,
        editable=world.may_edit(post),
        quoted=_shown(quoted, world, settings=settings, quoting=False) if quoted else None,
        countdown=countdown_of(post, world=world, settings=settings),
    )


def _readable(post: Post, world: World) -> tuple[Sequence[Segment], str | None]:
    """Cut the text at its entities; a reply's leading handle becomes "replying to", as on X."""
    addressee = world.users.get(post.in_reply_to_user_id) if post.in_reply_to_user_id is not None else None
    opening = f"@{addressee.username} " if addressee else ""
    start = len(opening) if opening and post.text.startswith(opening) else 0
    return _segments(post, start), opening.strip() or None


def _segments(post: Post, start: int) -> list[Segment]:
    found = post.entities
    spans = sorted(
        [(each.start, each.end, "hashtag") for each in found.hashtags]
        + [(each.start, each.end, "mention") for each in found.mentions]
        + [(each.start, each.end, "link") for each in found.links]
    )
    segments: list[Segment] = []
    for begin, end, kind in spans:
        if begin < start:
            continue
        segments += [
            Segment(kind="text", text=post.text[start:begin]),
            Segment(kind=kind, text=post.text[begin:end]),
        ]
        start = end
    return [*segments, Segment(kind="text", text=post.text[start:])]


def _clock_time(post_id: int) -> str:
    return f"{datetime.fromtimestamp(unix_ms_of(post_id) / 1000, tz=UTC):%H:%M:%S}"
