"""X, simulated: accounts, posts with ids that hold their time, edits, deletes, and what each stream shows of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tests.simulation.chance import Fault
from tests.simulation.stage import Stage

from kernel.snowflakes import first_snowflake_at, time_of_snowflake

PROGRAM_ID, PROGRAM_HANDLE = "1000", "AmexSync"

ORDINARY_SECONDS = 2.5
LATE_SECONDS = 45.0
"""X's ordinary delay, and how late it may be at its worst: less than the gateway's latency and orders' slack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody on X."""

    user_id: str
    handle: str
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class XPost:
    """One version of a post; `versions` are the ids of its edit history, the first one first."""

    post_id: int
    author: Account
    text: str = ""
    tags: tuple[str, ...] = ()
    kind: str = "post"
    target: "XPost | None" = None
    versions: tuple[int, ...] = ()
    mentions_program: bool = False

    @property
    def at(self) -> datetime:
        """The time inside the id."""
        return time_of_snowflake(self.post_id)


@dataclass(slots=True)
class XWorld:
    """Everything on X."""

    stage: Stage
    posts: dict[int, XPost] = field(default_factory=dict)
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

    def shown(self) -> Iterator[XPost]:
        """Give what can be seen and searched now."""
        hidden = self.deleted | self.replaced
        return (post for post in self.posts.values() if post.post_id not in hidden)

    def replies_of_program(self) -> list[XPost]:
        """Give our replies, also under posts that are gone."""
        return [post for post in self.posts.values() if post.author.user_id == PROGRAM_ID and post.kind == "reply"]

    def matches(self, post: XPost, operator: str) -> bool:
        """Tell whether one operator of a rule or query finds a post; a tag is found in quoted text too."""
        if operator == f"@{PROGRAM_HANDLE}":
            return post.mentions_program or (post.kind == "reply" and _by_program(post.target))
        if operator == f"retweets_of:{PROGRAM_HANDLE}":
            return post.kind == "repost" and _by_program(post.target)
        if operator.startswith("from:"):
            return post.author.user_id == operator.removeprefix("from:")
        quoted = post.target.tags if post.target is not None and post.kind in {"quote", "repost"} else ()
        return operator.removeprefix("#").casefold() in {tag.casefold() for tag in (*post.tags, *quoted)}

    def _keep(self, post: XPost) -> XPost:
        self.posts[post.post_id] = post
        target = f" of {post.target.post_id}" if post.target is not None else ""
        self.stage.tell("x", f"@{post.author.handle} {post.kind} {post.post_id}{target}: {post.text[:60]}")
        if post.target is not None:
            self.stage.happened("post", str(post.target.post_id))
        rules = [operator for value, _ in self.rules.values() for operator in value.split(" OR ")]
        if any(self.matches(post, operator) for operator in rules):
            self._show("filtered", frame_of(post))
        self._event("post.create", post.author.user_id, data_of(post), includes=_includes(post))
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


def frame_of(post: XPost) -> dict[str, Any]:
    """Write a post as the filtered stream and the archive do."""
    return {"data": data_of(post), "includes": _includes(post)}


def data_of(post: XPost) -> dict[str, Any]:
    """Write a post object."""
    mentions = [{"id": PROGRAM_ID, "username": PROGRAM_HANDLE}] if post.mentions_program else []
    if post.kind == "repost" and post.target is not None:
        mentions = [{"id": post.target.author.user_id, "username": post.target.author.handle}]
    data: dict[str, Any] = {
        "id": str(post.post_id),
        "author_id": post.author.user_id,
        "text": post.text,
        "lang": "en",
        "edit_history_tweet_ids": [str(each) for each in post.versions],
        "entities": {"hashtags": [{"tag": tag} for tag in post.tags], "mentions": mentions},
    }
    if post.target is not None:
        kinds = {"reply": "replied_to", "quote": "quoted", "repost": "retweeted"}
        data["referenced_tweets"] = [{"type": kinds[post.kind], "id": str(post.target.post_id)}]
        if post.kind == "reply":
            data["in_reply_to_user_id"] = post.target.author.user_id
    return data


def _includes(post: XPost) -> dict[str, Any]:
    author = {"id": post.author.user_id, "username": post.author.handle, "protected": post.author.protected}
    if post.target is None:
        return {"users": [author]}
    target = {"id": str(post.target.post_id), "author_id": post.target.author.user_id}
    return {"users": [author], "tweets": [target]}


def _by_program(post: XPost | None) -> bool:
    return post is not None and post.author.user_id == PROGRAM_ID
