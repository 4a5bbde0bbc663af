"""Delivery: what happens in the world goes to both streams, unless it is one of the posts a fault loses."""

from sandbox.x.activity_stream import ActivityStream
from sandbox.x.faults import Faults
from sandbox.x.filtered_stream import FilteredStream
from sandbox.x.world_events import PostPublished, WorldEvent


class Delivery:
    """Follows the world and feeds the streams."""

    def __init__(self, *, filtered: FilteredStream, activity: ActivityStream, faults: Faults) -> None:
        self._filtered = filtered
        self._activity = activity
        self._faults = faults

    def tell(self, event: WorldEvent) -> None:
        """Deliver one event to whoever asked for it."""
        subscription = self._activity.listening(event)
        rules = self._filtered.matching(event.post) if isinstance(event, PostPublished) else ()
        if (subscription or rules) and self._loses(event):
            return
        if rules and isinstance(event, PostPublished):
            self._filtered.deliver(event.post, rules)
        if subscription:
            self._activity.deliver(event, subscription)

    def _loses(self, event: WorldEvent) -> bool:
        """Only new posts are lost, and only such as a stream would have carried."""
        return isinstance(event, PostPublished) and self._faults.loses(event.post.id, author_id=event.post.author_id)
