"""Doubts: a post that may yet be out is not looked for too soon, whatever the database's clock does meanwhile."""

import asyncio

from notifier.domain.delivery import LATE_MAX, DeliveryId


class Doubts:
    """Shared by the lanes of a process: since when it does not know what became of its posts.

    By the process's own clock, which nobody sets: a database whose clock steps ahead lets a lease end early, and the
    network would be asked before it shows what it took late.
    """

    def __init__(self) -> None:
        self._since: dict[DeliveryId, float] = {}

    def began(self, delivery_id: DeliveryId) -> None:
        """Note that a try ended now without an answer."""
        now = asyncio.get_running_loop().time()
        self._since = {each: since for each, since in self._since.items() if _rest(since, now=now) > 0}
        self._since[delivery_id] = now

    async def rest(self, delivery_id: DeliveryId) -> None:
        """Wait until the network shows what it took of this process's last try; of another's nothing is known."""
        since = self._since.get(delivery_id)
        if since is not None:
            await asyncio.sleep(_rest(since, now=asyncio.get_running_loop().time()))


def _rest(since: float, *, now: float) -> float:
    return max(0.0, since + LATE_MAX.total_seconds() - now)
