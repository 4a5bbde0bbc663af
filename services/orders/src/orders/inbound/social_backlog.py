"""The backlog of posts: how many wait, and up to when a network is heard with no post in flight any more."""

from datetime import datetime

from chassis.consumers import BatchConsumer
from kernel.ids import Network
from orders.domain.cutoff import Hearing, heard


class ConsumedPosts:
    """The consumer of posts, asked by the clocks of this process."""

    def __init__(self, consumer: BatchConsumer) -> None:
        self._consumer = consumer
        self._hearings: dict[Network, Hearing] = {}

    async def pending(self) -> int:
        """Count the posts that wait to be read by us."""
        return await self._consumer.pending()

    async def certain(self, network: Network, least: datetime | None) -> datetime | None:
        """Say up to when a network is heard; asks only when its watermark says something new."""
        hearing = self._hearings.get(network, Hearing())
        if least != hearing.certain and (progress := await self._consumer.progress()) is not None:
            delivered, settled = progress
            hearing = self._hearings[network] = heard(hearing, least, delivered=delivered, settled=settled)
        return hearing.certain
