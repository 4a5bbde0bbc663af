"""Kept posts are forgotten when nothing can come of them any more."""

from datetime import datetime, timedelta

from gateway.usecases.ports import Transactions

POSTS_KEPT = timedelta(days=60)
"""A tag is known until 30 days after its offer's end; twice that, nobody edits or deletes towards an open order."""

FORGOTTEN_MAX = 5_000
"""Rows one transaction forgets; what is left waits for the next tick, at once."""


async def forget_posts(*, at: datetime, transactions: Transactions) -> bool:
    """Forget the oldest; says whether there may be more."""
    async with transactions.begin() as unit:
        return await unit.posts.forget_before(at - POSTS_KEPT, posts_max=FORGOTTEN_MAX) == FORGOTTEN_MAX
