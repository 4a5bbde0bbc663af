"""A process's copy of the known tags: the bucket's newest values, each heard of a little later."""

from collections.abc import Callable

from tests.simulation.broker import Broker
from tests.simulation.stage import Life
from tests.simulation.waking import Signal

from kernel.tags import Tag, canonical_tag

BUCKET = "KV_known_tags"


class TagsTwin:
    """Stands for chassis' KeyValueModel: empty at a start, then in step with the bucket."""

    def __init__(self, life: Life, broker: Broker) -> None:
        self._life = life
        self._bucket = broker.durable(f"{life.node.name}-tags", stream=BUCKET, subjects=["$KV.known_tags.>"])
        self.tags: frozenset[Tag] = frozenset()
        self._first = Signal()
        self.on_change: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Follow the bucket until the process dies."""
        while True:
            self._bucket.news.clear()
            await self._life.step("reads known tags")
            self._renew()
            await self._bucket.news.wait()
            await self._life.stage.latency()

    async def wait_until_synced(self) -> None:
        """Wait for the first sync, without which posts would be ignored for good."""
        await self._first.wait()

    def knows(self, tag: Tag) -> bool:
        """Tell whether a tag is known here."""
        return tag in self.tags

    def _renew(self) -> None:
        newest = {each.subject: each for each in self._bucket.stream.messages.values()}
        kept = [each for each in newest.values() if each.headers.get("KV-Operation") != "DEL"]
        tags = frozenset(canonical_tag(each.subject.rpartition(".")[2]) for each in kept)
        changed, self.tags = tags != self.tags, tags
        if tags:
            self._first.set()
        if changed:
            self.on_change()
