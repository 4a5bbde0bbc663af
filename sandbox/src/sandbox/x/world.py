"""The simulated world: who posts, replies, quotes, reposts, edits and deletes what, under the rules X has for it."""

from collections.abc import Callable

from sandbox.x.drafts import Draft, addressed_text, bounded_text
from sandbox.x.entities import entities_in
from sandbox.x.posts import Post, Posts
from sandbox.x.problems import ProblemError, forbidden, missing
from sandbox.x.settings import Settings
from sandbox.x.snowflake_ids import Clock, SnowflakeIds, unix_ms_of
from sandbox.x.users import User, Users, seed_users
from sandbox.x.world_events import AccessRevoked, PostPublished, PostRemoved, ProfileChanged, WorldEvent

EDITS_MAX = 5
"""Versions a post may have after its first (X's documented limit)."""


class World:
    """Users and posts, and everybody who follows what happens to them."""

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        self.ids = SnowflakeIds(clock=clock)
        self._settings = settings
        self._clock = clock
        self._followers: list[Callable[[WorldEvent], None]] = []
        self.reset()

    def reset(self) -> None:
        """Begin again with the seed users and no posts; followers stay."""
        self.users = Users()
        self.posts = Posts(posts_max=self._settings.posts_max)
        for user in seed_users(self._settings.users_file, program_handle=self._settings.program_handle):
            self.users.add(user)

    @property
    def program(self) -> User:
        """The account the program posts from."""
        return self.users.program

    def follow(self, follower: Callable[[WorldEvent], None]) -> None:
        """Tell this follower of everything that happens; it must return at once."""
        self._followers.append(follower)

    def text_of(self, author: User, draft: Draft) -> str:
        """Give the text a draft would be published with."""
        return addressed_text(draft, author=author, replied_to=self._answered(author, draft), users=self.users)

    def publish(self, author: User, draft: Draft) -> Post:
        """Publish a post, reply or quote."""
        replied_to = self._answered(author, draft)
        if draft.quoted_id is not None:
            self._required(draft.quoted_id)
        text = self.text_of(author, draft)
        post_id = self.ids.next()
        post = Post(
            id=post_id,
            author_id=author.id,
            text=bounded_text(text),
            entities=entities_in(text, named=self.users.named),
            history=(post_id,),
            conversation_id=replied_to.conversation_id if replied_to else post_id,
            replied_to_id=replied_to.id if replied_to else None,
            in_reply_to_user_id=replied_to.author_id if replied_to else None,
            quoted_id=draft.quoted_id,
        )
        return self._add(post)

    def repost(self, author: User, post_id: int) -> Post:
        """Repost; a second repost of the same post is the first one again."""
        asked = self._required(post_id)
        original = self.posts.get(asked.reposted_id) or asked
        for repost in self.posts.reposts_of(original.id):
            if repost.author_id == author.id:
                return repost
        original_author = self.users.get(original.author_id)
        if original_author is None or not self.sees(author, original):
            raise forbidden("You are not allowed to repost a protected account's post.")
        text = f"RT @{original_author.username}: {original.text}"
        post_id = self.ids.next()
        entities = entities_in(text, named=self.users.named)
        history = (post_id,)
        return self._add(
            Post(
                id=post_id,
                author_id=author.id,
                text=text,
                entities=entities,
                history=history,
                conversation_id=post_id,
                reposted_id=original.id,
            )
        )

    def edit(self, author: User, post_id: int, text: str) -> Post:
        """Publish the next version of one's own post; it gets a new id and keeps its history."""
        asked = self._required(post_id)
        before = self.posts.newest_of(asked)
        if before.author_id != author.id:
            raise forbidden("You can only edit your own posts.")
        if not self.may_edit(before):
            raise forbidden("This post cannot be edited: it is a repost or a reply, too old, or edited too often.")
        post_id = self.ids.next()
        return self._add(
            Post(
                id=post_id,
                author_id=author.id,
                text=bounded_text(text),
                entities=entities_in(text, named=self.users.named),
                history=(*before.history, post_id),
                conversation_id=before.conversation_id,
                replied_to_id=before.replied_to_id,
                in_reply_to_user_id=before.in_reply_to_user_id,
                quoted_id=before.quoted_id,
            )
        )

    def sees(self, reader: User | None, post: Post) -> bool:
        """Whether a reader (None is the app itself) may see a post: a protected author's is for themselves alone."""
        author = self.users.get(post.author_id)
        return author is not None and (not author.protected or author == reader)

    def may_edit(self, post: Post) -> bool:
        """Whether X would let its author edit it now; a reply only within one's own thread."""
        answers_another = post.in_reply_to_user_id not in {None, post.author_id}
        in_time = self._clock() * 1000 <= self.editable_until_unix_ms(post)
        return post.reposted_id is None and not answers_another and in_time and len(post.history) <= EDITS_MAX

    def editable_until_unix_ms(self, post: Post) -> int:
        """When editing ends, counted from the first version."""
        return unix_ms_of(post.first_id) + self._settings.edit_window_seconds * 1000

    def delete(self, author: User, post_id: int) -> None:
        """Delete one's own post with all its versions; reposts of it vanish too, unannounced."""
        asked = self._required(post_id)
        if asked.author_id != author.id:
            raise forbidden("You can only delete your own posts.")
        for version in [found for each in self.posts.newest_of(asked).history if (found := self.posts.get(each))]:
            for repost in self.posts.reposts_of(version.id):
                self.posts.remove(repost.id)
            self.posts.remove(version.id)
            self._tell(PostRemoved(post=version))

    def undo_repost(self, author: User, post_id: int) -> bool:
        """Take a repost back; false if there was none."""
        mine = [repost for repost in self.posts.reposts_of(post_id) if repost.author_id == author.id]
        for repost in mine:
            self.posts.remove(repost.id)
            self._tell(PostRemoved(post=repost))
        return bool(mine)

    def change_user(
        self, user: User, *, username: str | None = None, name: str | None = None, protected: bool | None = None
    ) -> User:
        """Change a profile and tell of a new handle or display name."""
        changed = self.users.change(user, username=username, name=name, protected=protected)
        fields = (("handle", user.username, changed.username), ("screenname", user.name, changed.name))
        for field, before, after in fields:
            if before != after:
                self._tell(ProfileChanged(user_id=user.id, field=field, before=before, after=after))
        return changed

    def revoke_access(self, user: User, *, app_id: str) -> None:
        """Tell that a user took an app's access back."""
        self._tell(AccessRevoked(user_id=user.id, app_id=app_id, at_unix_ms=int(self._clock() * 1000)))

    def _add(self, post: Post) -> Post:
        self.posts.add(post)
        self._tell(PostPublished(post=post))
        return post

    def _tell(self, event: WorldEvent) -> None:
        for follower in self._followers:
            follower(event)

    def _answered(self, author: User, draft: Draft) -> Post | None:
        if draft.replied_to_id is None:
            return None
        post = self.posts.get(draft.replied_to_id)
        if post is None or not self.sees(author, post):
            raise forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
        return post

    def _required(self, post_id: int) -> Post:
        if (post := self.posts.get(post_id)) is None:
            raise ProblemError(missing("tweet", str(post_id)))
        return post
