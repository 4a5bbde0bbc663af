"""X as the notifier posts to it: posts that may be lost, or taken without an answer, late, or not for now."""

import asyncio
from datetime import datetime, timedelta

from tests.simulation.chance import Fault
from tests.simulation.stage import Life
from tests.simulation.x_posts import PROGRAM_HANDLE, PROGRAM_ID, Account, XPost
from tests.simulation.x_world import XWorld

from kernel.ids import PostId
from notifier.domain.quota import Quota
from notifier.outbound.x_posts import CLOCKS_APART_MAX
from notifier.usecases.ports import NotPosted, PostAnswer, Posted

PROGRAM = Account(user_id=PROGRAM_ID, handle=PROGRAM_HANDLE)
CALL_SECONDS = 10.0
LATE_SECONDS = 8.0
"""What timed out may still be taken so much later: before the sender's lease ends and it looks."""

LIMIT, WINDOW = 100, timedelta(minutes=15)
_UNKNOWN = PostAnswer(outcome=NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True))


class SimPosts:
    """The program account's posting side, for one life of the notifier."""

    def __init__(self, life: Life, world: XWorld) -> None:
        self._life, self._world = life, world

    async def post(self, text: str, *, in_reply_to: PostId | None) -> PostAnswer:
        """Post or reply."""
        life, weather = self._life, self._life.stage.weather
        await life.step("posts to X")
        if weather.strikes(Fault.X_RATE_LIMITED, text[:40]):
            reset_at = life.stage.now() + timedelta(seconds=5 + 90 * life.stage.draw())
            return PostAnswer(
                outcome=NotPosted(reason="QUOTA", until=reset_at),
                quota=Quota(limit=LIMIT, remaining=0, reset_at=reset_at),
            )
        if weather.strikes(Fault.X_POST_LOST, text[:40]):
            await asyncio.sleep(CALL_SECONDS)
            return _UNKNOWN
        if weather.strikes(Fault.X_ANSWER_LOST, text[:40]):
            life.stage.loop.call_later(
                CALL_SECONDS + LATE_SECONDS * life.stage.draw() ** 2, self._take, text, in_reply_to
            )
            await asyncio.sleep(CALL_SECONDS)
            return _UNKNOWN
        taken = self._take(text, in_reply_to)
        await life.step("hears from X")
        if taken is None:
            return PostAnswer(outcome=NotPosted(reason="POST_GONE", for_good=True))
        return PostAnswer(outcome=_posted(taken))

    async def find(self, text: str, *, in_reply_to: PostId | None, since: datetime) -> Posted | NotPosted:
        """Look for our own earliest post like this."""
        await self._life.step("looks at the timeline")
        if self._life.stage.weather.strikes(Fault.ARCHIVE_FAILED, "timeline"):
            return NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True)
        start = (since - CLOCKS_APART_MAX).replace(microsecond=0)
        shown = self._world.shown(self._world.posts.values())
        own = (post for post in shown if post.author.user_id == PROGRAM_ID and post.at >= start)
        alike = [post for post in own if post.text == text and _answers(post) == in_reply_to]
        return _posted(alike[0]) if alike else NotPosted(reason="NOT_FOUND")

    def _take(self, text: str, in_reply_to: PostId | None) -> XPost | None:
        if in_reply_to is None:
            return self._world.post(PROGRAM, text)
        answered = self._world.posts[int(in_reply_to)]
        if answered.post_id in self._world.deleted:
            return None
        return self._world.post(PROGRAM, text, kind="reply", target=answered)


def _posted(post: XPost) -> Posted:
    return Posted(post_id=PostId(str(post.post_id)), posted_at=post.at)


def _answers(post: XPost) -> PostId | None:
    return PostId(str(post.target.post_id)) if post.target is not None else None
