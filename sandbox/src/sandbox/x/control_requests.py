"""What the control API takes: users, actions, tokens and faults, each a schema that refuses unknown fields."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from sandbox.x.faults import Endpoint

ACTIONS_MAX = 5_000
"""Actions or users in one request; more would hold the streams up for too long."""

SECONDS_MAX = 3_600
"""A fault that lasts longer than an hour has been forgotten."""

Seconds = Annotated[float, Field(gt=0, le=SECONDS_MAX)]
Milliseconds = Annotated[int, Field(ge=0, le=SECONDS_MAX * 1_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewUser(_Strict):
    """An account to make; without an id it gets a new one."""

    username: str
    name: str | None = None
    id: str | None = None
    protected: bool = False


class NewUsers(_Strict):
    """Accounts to make, in this order; the first that is refused ends it, those before it stay."""

    users: list[NewUser] = Field(max_length=ACTIONS_MAX)


class UserChange(_Strict):
    """A profile to change; what is absent stays."""

    username: str | None = None
    name: str | None = None
    protected: bool | None = None


class Action(_Strict):
    """One thing a user does; `post_id` is what a reply, quote, repost, edit or delete is about."""

    do: Literal["post", "reply", "quote", "repost", "edit", "delete"] = "post"
    user: str
    text: str = ""
    post_id: str | None = None


class Actions(_Strict):
    """Things to happen, in this order."""

    actions: list[Action] = Field(max_length=ACTIONS_MAX)


class NewToken(_Strict):
    """A user token without the sign-in page."""

    user: str
    scopes: list[str] = ["tweet.read", "tweet.write", "users.read", "offline.access"]


class Revocation(_Strict):
    """A user takes the app's access back."""

    user: str


class _OnStreams(_Strict):
    stream: Endpoint | Literal["all"] = "all"

    @property
    def endpoints(self) -> list[Endpoint]:
        """The streams that are meant."""
        return list(Endpoint) if self.stream == "all" else [Endpoint(self.stream)]


class Drop(_OnStreams):
    """End the open connections now: torn, or closed in order if `clean`."""

    kind: Literal["drop"]
    clean: bool = False


class Refuse(_OnStreams):
    """Answer 503 to whoever connects, for so long."""

    kind: Literal["refuse"]
    seconds: Seconds


class Stall(_OnStreams):
    """Send no byte on the open connections, for so long."""

    kind: Literal["stall"]
    seconds: Seconds


class Duplicate(_OnStreams):
    """Send every frame so many times."""

    kind: Literal["duplicate"]
    times: int = Field(ge=1, le=100)


class Delay(_OnStreams):
    """Hold every frame back for so long."""

    kind: Literal["delay"]
    milliseconds: Milliseconds


class Reorder(_OnStreams):
    """Gather frames for so long and send them newest first."""

    kind: Literal["reorder"]
    window_milliseconds: Milliseconds


class ErrorFrame(_OnStreams):
    """Send an in-band error and hang up."""

    kind: Literal["error_frame"]
    disconnect_type: str = "UpstreamOperationalDisconnect"


class GarbageFrame(_OnStreams):
    """Send a line that is no frame."""

    kind: Literal["garbage_frame"]
    text: str = '{"unheard_of": true}'


class LosePosts(_Strict):
    """Keep the next so many posts from every stream for good; of one author if named."""

    kind: Literal["lose_posts"]
    count: int = Field(ge=0)
    author: str | None = None


class FailCalls(_Strict):
    """Answer the next so many calls with an error status; they have no effect."""

    kind: Literal["fail_calls"]
    count: int = Field(ge=1)
    status: Literal[429, 500, 502, 503]
    method: str = "*"
    path: str = Field(description="`*` stands for any part")


class LoseAnswers(_Strict):
    """Let the next so many calls have their effect, answer late, and tear the connection instead if `cut`."""

    kind: Literal["lose_answers"]
    count: int = Field(ge=1)
    method: str = "POST"
    path: str = "/2/tweets"
    delay_milliseconds: Milliseconds = 0
    cut: bool = True


StreamFault = Drop | Refuse | Stall | Duplicate | Delay | Reorder | ErrorFrame | GarbageFrame
Fault = StreamFault | LosePosts | FailCalls | LoseAnswers


class NewFault(RootModel[Annotated[Fault, Field(discriminator="kind")]]):
    """A fault; its `kind` picks the schema."""
