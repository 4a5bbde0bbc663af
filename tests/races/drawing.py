"""The draw: when windows end, what is posted around that instant, and when each copy of it is delivered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from kernel.ids import NetworkUserId, OrderId, PostId
from kernel.snowflakes import first_snowflake_at, time_of_snowflake

T = TypeVar("T")

AROUND_MS = 50
"""Confirmations are posted within so much of the end of the window, by the network's ids."""

ON_TIME = timedelta(seconds=60)
"""A post that is delivered at most so late is honoured for certain if its id is in time."""

TOO_LATE_MOST = timedelta(seconds=90)
COPIES_MAX = 3
POSTS_MAX = 2

SHARE_VERY_LATE = 0.05
SHARE_UNANSWERED = 0.1
"""Orders whose ReplyPosted comes only after the confirmation: it is kept, and decided with the reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirming:
    """One confirming post: its id tells when it was posted; every copy has its time of delivery."""

    post_id: PostId
    deliveries: tuple[datetime, ...]

    @property
    def posted_at(self) -> datetime:
        """Read the id."""
        return time_of_snowflake(int(self.post_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Raced:
    """One order in a race: its window ends at `confirm_by`; `reply_at` is when ReplyPosted is delivered."""

    order_id: OrderId
    author_id: NetworkUserId
    prompt_id: PostId
    confirm_by: datetime
    reply_at: datetime
    posts: tuple[Confirming, ...]

    @property
    def words(self) -> str:
        """Tell the race: each post's distance from the end of the window, and its delivery's."""
        ms = timedelta(milliseconds=1)
        posts = ", ".join(
            f"{post.post_id} {(post.posted_at - self.confirm_by) // ms:+} ms, delivered "
            + " ".join(f"{(at - post.posted_at) // ms:+}" for at in post.deliveries)
            for post in self.posts
        )
        return f"reply {(self.reply_at - self.confirm_by) // ms:+} ms; {posts}"

    @property
    def must_confirm(self) -> bool:
        """Whether a post is in time by its id and was delivered no more than a minute late."""
        return any(
            post.posted_at <= self.confirm_by and min(post.deliveries) - post.posted_at <= ON_TIME
            for post in self.posts
        )

    @property
    def may_confirm(self) -> bool:
        """Whether a post is in time by its id at all."""
        return any(post.posted_at <= self.confirm_by for post in self.posts)


class Draw:
    """Draws everything that is left to chance; the same seed gives the same races."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - a race is drawn again from its seed
        self._number = 0

    def prompt(self, between: tuple[datetime, datetime]) -> PostId:
        """Give our reply an id within a time."""
        first, last = between
        return self._id(first + self._random.random() * (last - first))

    def posts(self, confirm_by: datetime) -> tuple[Confirming, ...]:
        """Post one or two confirmations around the end of a window."""
        return tuple(self._post(confirm_by) for _ in range(self._random.randint(1, POSTS_MAX)))

    def reply_at(self, prompted_at: datetime, confirm_by: datetime) -> datetime:
        """Deliver our reply's event at once, or only around the end of the window."""
        if self._random.random() < SHARE_UNANSWERED:
            return confirm_by + self._random.random() * ON_TIME
        return prompted_at

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """Put in any order."""
        return self._random.sample(list(things), k=len(things))

    def chance(self, of: float) -> bool:
        """Say yes that often."""
        return self._random.random() < of

    def _post(self, confirm_by: datetime) -> Confirming:
        offset = timedelta(milliseconds=self._random.randint(-AROUND_MS, AROUND_MS))
        post_id = self._id(confirm_by + offset)
        posted_at = time_of_snowflake(int(post_id))
        copies = [posted_at + self._lateness() for _ in range(self._random.randint(1, COPIES_MAX))]
        return Confirming(post_id=post_id, deliveries=tuple(copies))

    def _lateness(self) -> timedelta:
        """Deliver at once, within a minute, at the very end of the minute, or after it."""
        if self.chance(SHARE_VERY_LATE):
            return ON_TIME + self._random.random() * (TOO_LATE_MOST - ON_TIME)
        last = timedelta(milliseconds=2 * AROUND_MS)
        span = self._random.choice([(timedelta(), last), (timedelta(), ON_TIME), (ON_TIME - last, ON_TIME)])
        return span[0] + self._random.random() * (span[1] - span[0])

    def _id(self, at: datetime) -> PostId:
        """Make an id of that millisecond that nothing else has."""
        self._number += 1
        return PostId(str(first_snowflake_at(at) + self._number % (1 << 22)))


def events(raced: Sequence[Raced]) -> Iterator[tuple[datetime, Raced, Confirming | None]]:
    """Give every delivery of a race: a confirming post, or (None) our reply's event."""
    for race in raced:
        yield race.reply_at, race, None
        for post in race.posts:
            for at in post.deliveries:
                yield at, race, post
