"""Known tags: the bucket that offers keeps, as one set that is made anew only when it changes."""

from collections.abc import Callable

from nats.aio.client import Client

from chassis.key_value import KeyValueModel
from kernel.tags import Tag, canonical_tag

BUCKET = "known_tags"


class KnownTags:
    """The tags from publish to 30 days after an offer's end; a filter, never the decision."""

    def __init__(self, client: Client) -> None:
        self.model: KeyValueModel[Tag] = KeyValueModel(client, bucket=BUCKET, decode=lambda key, _: canonical_tag(key))
        self.tags: frozenset[Tag] = frozenset()
        self.model.on_change(self._renew)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call this after the set changed."""
        self.model.on_change(listener)

    def _renew(self) -> None:
        self.tags = frozenset(self.model.values.values())
