"""X, simulated: accounts, posts with ids that hold their time, edits, deletes, and what each stream shows of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.simulation.chance import Fault
from tests.simulation.stage import Stage
from tests.simulation.x_posts import PROGRAM_ID, Account, XPost, data_of, frame_of, includes_of
from tests.simulation.x_queries import Query

from kernel.ids import PostId
from kernel.snowflakes import first_snowflake_at

ORDINARY_SECONDS = 2.5
LATE_SECONDS = 45.0
"""X's ordinary delay, and how late it may be at its worst: less than the gateway's latency and orders' slack."""


@dataclass(slots=True)
class XWorld:
    """Everything on X."""

    stage: Stage
    posts: dict[int, XPost] = field(default_factory=dict)
    reposts: defaultdict[PostId, list[XPost]] = field(default_factory=lambda: defaultdict(list))
    """By the post they repost."""
    deleted: set[int] = field(default_factory=set)
    replaced: set[int] = field(default_factory=set)
    """Versions that an edit took the place of."""
    rules: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Value and tag of each rule by its id."""
    subscriptions: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Event type and user of each subscription by its id."""
    connections: dict[str, Any] = field(default_factory=dict)
    """The one open connection of each stream."""
    refuse_until: float = 0.0
    """Until when no stream can be opened."""
    numbers: int = 0
    busy: bool = True
    """Whether anybody waits for what is posted: then heartbeats come often."""

    def post(self, author: Account, text: str = "", **more: Any) -> XPost:
        """Post something; it is shown to the streams a little later."""
        post_id = self._new_id()
        post = XPost(post_id=post_id, author=author, text=text, versions=(post_id,), **more)
        return self._keep(post)

    def edit(self, post: XPost, text: str, *, tags: tuple[str, ...]) -> XPost:
        """Edit a post: another version of it, with an id of now."""
        post_id = self._new_id()
        self.replaced.add(post.post_id)
        return self._keep(replace(post, post_id=post_id, text=text, tags=tags, versions=(*post.versions, post_id)))

    def delete(self, post: XPost) -> None:
        """Delete a post, every version of it."""
        self.deleted.update(post.versions)
        self.stage.tell("x", f"@{post.author.handle} deletes {post.post_id}")
        payload = {
            "id": str(post.post_id),
            "author_id": post.author.user_id,
            "edit_history_tweet_ids": [str(each) for each in post.versions],
            "date_time": self.stage.now().isoformat(),
        }
        self._event("post.delete", post.author.user_id, payload)

    def revoke(self, account: Account) -> None:
        """Withdraw the program's access."""
        self.stage.tell("x", f"@{account.handle} withdraws our access")
        payload = {"user_id": account.user_id, "date_time": self.stage.now().isoformat()}
        self._event("oauth.revoke", account.user_id, payload)

    def drop(self, streams: str, *, seconds: float) -> None:
        """Break one stream or both, and let nobody connect for a while."""
        self.refuse_until = max(self.refuse_until, self.stage.loop.time() + seconds)
        for name, connection in list(self.connections.items()):
            if streams in {name, "both"}:
                connection.end()

    def shown(self, posts: Iterable[XPost]) -> Iterator[XPost]:
        """Give those of them that can be seen and searched now."""
        deleted, replaced = self.deleted, self.replaced
        return (post for post in posts if post.post_id not in deleted and post.post_id not in replaced)

    def replies_of_program(self) -> list[XPost]:
        """Give our replies, also under posts that are gone."""
        return [post for post in self.posts.values() if post.author.user_id == PROGRAM_ID and post.kind == "reply"]

    def _keep(self, post: XPost) -> XPost:
        self.posts[post.post_id] = post
        target = f" of {post.target.post_id}" if post.target is not None else ""
        self.stage.tell("x", f"@{post.author.handle} {post.kind} {post.post_id}{target}: {post.text[:60]}")
        if post.target is not None:
            self.stage.happened("post", str(post.target.post_id))
        if post.target is not None and post.kind == "repost":
            self.reposts[PostId(str(post.target.post_id))].append(post)
        if Query.of(value for value, _ in self.rules.values()).finds(post):
            self._show("filtered", frame_of(post))
        self._event("post.create", post.author.user_id, data_of(post), includes=includes_of(post))
        return post

    def _event(self, event_type: str, user_id: str, payload: dict[str, Any], **more: Any) -> None:
        if (event_type, user_id) not in set(self.subscriptions.values()):
            return
        self.numbers += 1
        data = {"event_type": event_type, "event_uuid": f"event-{self.numbers}", "filter": {"user_id": user_id}}
        self._show("activity", {"data": {**data, "payload": payload, **more}})

    def _show(self, stream: str, frame: dict[str, Any]) -> None:
        """Send a frame to the connection that stands now; whoever connects later does not get it."""
        connection, weather, draw = self.connections.get(stream), self.stage.weather, self.stage.draw
        if connection is None:
            return
        delay = 0.05 + ORDINARY_SECONDS * draw() ** 3
        if weather.strikes(Fault.X_FRAME_LATE, stream):
            delay = LATE_SECONDS * draw()
        self.stage.loop.call_later(delay, connection.push, frame)
        if weather.strikes(Fault.X_FRAME_DOUBLED, stream):
            self.stage.loop.call_later(delay + 5 * draw(), connection.push, frame)

    def _new_id(self) -> int:
        """Make an id of this moment; two of one millisecond differ in their last bits."""
        self.numbers += 1
        return first_snowflake_at(self.stage.now()) + self.numbers % 4096
