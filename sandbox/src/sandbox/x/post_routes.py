"""Writing and reading single posts: create, reply, quote, edit, repost, delete, look up."""

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from sandbox.x.bodies import body_of, id_in_path, id_of, json_answer
from sandbox.x.drafts import TEXT_MAX, Draft
from sandbox.x.fields import fields_of
from sandbox.x.posts import Post
from sandbox.x.problems import Problem, forbidden, hidden, invalid_request, missing
from sandbox.x.settings import Tier
from sandbox.x.tokens import Tokens
from sandbox.x.users import User
from sandbox.x.weighted_length import LENGTH_MAX, weighted_length
from sandbox.x.world import World
from sandbox.x.writing import includes_json, post_json, with_includes

IDS_MAX = 100
_WRITE = ("tweet.read", "tweet.write", "users.read")


class Reply(BaseModel):
    """What is replied to."""

    model_config = ConfigDict(extra="forbid")

    in_reply_to_tweet_id: str
    exclude_reply_user_ids: list[str] = []
    auto_populate_reply_metadata: bool | None = None


class EditOptions(BaseModel):
    """What is edited."""

    model_config = ConfigDict(extra="forbid")

    previous_post_id: str


class NewPost(BaseModel):
    """The body of `POST /2/tweets`, as far as it is simulated."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=TEXT_MAX)
    reply: Reply | None = None
    quote_tweet_id: str | None = None
    edit_options: EditOptions | None = None
    reply_settings: str | None = None
    made_with_ai: bool | None = None


class NewRepost(BaseModel):
    """The body of a repost."""

    model_config = ConfigDict(extra="forbid")

    tweet_id: str


class PostRoutes:
    """`/2/tweets` and reposting."""

    def __init__(self, *, world: World, tokens: Tokens, tier: Tier) -> None:
        self._world = world
        self._tokens = tokens
        self._tier = tier

    def routes(self) -> list[web.RouteDef]:
        """Give all addresses."""
        return [
            web.post("/2/tweets", self._create),
            web.get("/2/tweets", self._several),
            web.get("/2/tweets/{id}", self._one),
            web.delete("/2/tweets/{id}", self._delete),
            web.post("/2/users/{id}/retweets", self._repost),
            web.delete("/2/users/{id}/retweets/{source_tweet_id}", self._undo_repost),
        ]

    async def _create(self, request: web.Request) -> web.Response:
        author = self._tokens.user_of(request, *_WRITE)
        new = await body_of(request, NewPost)
        if weighted_length(new.text) > LENGTH_MAX:
            raise invalid_request(f"text is longer than {LENGTH_MAX} weighted characters", parameters={"text": []})
        post = self._edited(author, new) if new.edit_options else self._published(author, new)
        data = {"id": str(post.id), "text": post.text, "edit_history_tweet_ids": [str(each) for each in post.history]}
        return json_answer({"data": data}, status=201)

    def _edited(self, author: User, new: NewPost) -> Post:
        if new.edit_options is None or new.reply or new.quote_tweet_id:
            raise invalid_request("edit_options stands alone beside text: an edit keeps what its post refers to")
        return self._world.edit(author, id_of(new.edit_options.previous_post_id), new.text)

    def _published(self, author: User, new: NewPost) -> Post:
        draft = _draft(new)
        replied_to = self._world.posts.get(draft.replied_to_id)
        if self._tier is Tier.SELF_SERVE:
            self._check_self_serve(author, draft, replied_to)
        if self._world.posts.has_text(author.id, self._world.text_of(author, draft)):
            raise forbidden("You are not allowed to create a Tweet with duplicate content.")
        return self._world.publish(author, draft)

    def _check_self_serve(self, author: User, draft: Draft, replied_to: Post | None) -> None:
        """Keep X's rules of February 2026: replies only to those who summoned us, quotes not at all."""
        if draft.quoted_id is not None:
            raise forbidden("Quoting posts is not available on your access tier.")
        if replied_to is None or replied_to.author_id == author.id:
            return
        mentioned = any(mention.user_id == author.id for mention in replied_to.entities.mentions)
        quoted = self._world.posts.get(replied_to.quoted_id)
        if not mentioned and not (quoted and quoted.author_id == author.id):
            raise forbidden(
                "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged "
                "by the author of the post you are replying to."
            )

    async def _delete(self, request: web.Request) -> web.Response:
        author = self._tokens.user_of(request, *_WRITE)
        self._world.delete(author, id_in_path(request, "id"))
        return json_answer({"data": {"deleted": True}})

    async def _repost(self, request: web.Request) -> web.Response:
        author = self._own(request)
        new = await body_of(request, NewRepost)
        repost = self._world.repost(author, id_of(new.tweet_id))
        return json_answer({"data": {"retweeted": True, "rest_id": str(repost.id)}})

    async def _undo_repost(self, request: web.Request) -> web.Response:
        author = self._own(request)
        self._world.undo_repost(author, id_in_path(request, "source_tweet_id"))
        return json_answer({"data": {"retweeted": False}})

    def _own(self, request: web.Request) -> User:
        user = self._tokens.user_of(request, *_WRITE)
        if user.id != id_in_path(request, "id"):
            raise forbidden("The `id` in the path must be the authenticated user's own.")
        return user

    async def _one(self, request: web.Request) -> web.Response:
        reader = self._tokens.reader_of(request)
        fields = fields_of(request.query)
        found = self._look_up(str(id_in_path(request, "id")), reader=reader)
        if isinstance(found, Problem):
            return json_answer({"errors": [found.as_json()]})
        return json_answer(
            with_includes(post_json(found, fields, world=self._world), [found], fields, world=self._world)
        )

    async def _several(self, request: web.Request) -> web.Response:
        reader = self._tokens.reader_of(request)
        fields = fields_of(request.query)
        asked = [each for each in request.query.get("ids", "").split(",") if each]
        if not 0 < len(asked) <= IDS_MAX:
            raise invalid_request(f"`ids` must name 1 to {IDS_MAX} posts", parameters={"ids": asked})
        outcomes = [self._look_up(each, reader=reader) for each in dict.fromkeys(asked)]
        found = [outcome for outcome in outcomes if isinstance(outcome, Post)]
        problems = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
        answer: dict[str, object] = {
            "data": [post_json(post, fields, world=self._world) for post in found],
            "includes": includes_json(found, fields, world=self._world),
            "errors": [problem.as_json() for problem in problems],
        }
        return json_answer({key: value for key, value in answer.items() if value})

    def _look_up(self, post_id: str, *, reader: User | None) -> Post | Problem:
        if (post := self._world.posts.get(id_of(post_id))) is None:
            return missing("tweet", post_id)
        return post if self._world.sees(reader, post) else hidden("tweet", post_id)


def _draft(new: NewPost) -> Draft:
    return Draft(
        text=new.text,
        replied_to_id=id_of(new.reply.in_reply_to_tweet_id) if new.reply else None,
        quoted_id=id_of(new.quote_tweet_id) if new.quote_tweet_id else None,
        unmentioned_ids=frozenset(id_of(each) for each in new.reply.exclude_reply_user_ids)
        if new.reply
        else frozenset(),
    )
