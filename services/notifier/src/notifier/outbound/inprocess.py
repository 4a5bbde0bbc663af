"""X and a mail server answered within the process: for measurements of the core alone, never in service."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime

from kernel.ids import PostId
from kernel.snowflakes import first_snowflake_at, time_of_snowflake
from notifier.usecases.ports import Mail, NotMailed, NotPosted, PostAnswer, Posted


class InProcessPosts:
    """Takes every post at once and gives it a fresh id of this moment."""

    def __init__(self) -> None:
        self._sequence = itertools.count()

    async def post(self, text: str, *, in_reply_to: PostId | None) -> PostAnswer:  # noqa: ARG002 - a network's shape
        """Take a post."""
        number = first_snowflake_at(datetime.now(UTC)) + next(self._sequence) % 4096
        return PostAnswer(outcome=Posted(post_id=PostId(str(number)), posted_at=time_of_snowflake(number)))

    async def find(self, text: str, *, in_reply_to: PostId | None, since: datetime) -> Posted | NotPosted:  # noqa: ARG002 - as above
        """Find nothing: every post is taken at once, so none is of unknown outcome."""
        return NotPosted(reason="NOT_FOUND")


class InProcessMailer:
    """Takes every mail at once."""

    async def send(self, mails: Sequence[Mail]) -> Sequence[NotMailed | None]:
        """Take mails."""
        return [None for _ in mails]
